import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'

/** A server that answers every line with the same line. The mutant `swallow-empty-lines` ignores empty ones. */
export async function startLineServer(
  mutant: 'swallow-empty-lines' | null = null,
): Promise<AsyncDisposable & { readonly url: string }> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    let rest = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '' || mutant === null) socket.write(`${line}\n`)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `line://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
