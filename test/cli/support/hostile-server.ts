import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer } from 'ws'

export interface HostileServer extends AsyncDisposable {
  readonly port: number
}

/**
 * Puts a text into every field that a server controls: reason phrase, header, subprotocol, extension, error page,
 * greeting, close reason; name, id, data, comment and field name of events. It answers 404 for other paths than `/`.
 */
export async function hostileServer(text: Buffer): Promise<HostileServer> {
  const latin1 = text.toString('latin1').replaceAll(/[\r\n]/g, ' ')
  // With control characters in the head the harness would reject the response and test nothing else.
  const value = latin1.replaceAll(/[^\t -~\u00a0-\u00ff]/g, '')
  const sockets = new Set<Socket>()
  const server = createServer((request) => {
    const { socket } = request
    if (request.url !== '/') {
      const page = `<p>${latin1}</p>`
      socket.end(
        `HTTP/1.1 404 ${value}\r\nX-Evil: ${value}\r\nContent-Type: ${value}\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
        'latin1',
      )
      return
    }
    socket.write(
      `HTTP/1.1 200 ${value}\r\nContent-Type: text/event-stream; x="${value}"\r\nX-Evil: ${value}\r\nCache-Control: ${value}\r\n\r\n`,
      'latin1',
    )
    const push = (): void => {
      if (socket.destroyed) return
      socket.write(
        `:${latin1}\n${latin1}: x\nevent: ${latin1}\nid: ${latin1}\nretry: ${latin1}\ndata: ${latin1}\n\n`,
        'latin1',
      )
    }
    push()
    const timer = setInterval(push, 50)
    socket.once('close', () => clearInterval(timer))
  })
  const webSockets = new WebSocketServer({ server, path: '/' })
  webSockets.on('headers', (lines) => lines.push(`X-Evil: ${value}`))
  webSockets.on('connection', (socket) => {
    socket.on('error', () => socket.close(1002, text.subarray(0, 120)))
    socket.send(text, { binary: true })
    socket.send(text.toString('utf8'))
    socket.on('message', (data) => {
      socket.send(Buffer.concat([data as Buffer, text]), { binary: false })
    })
  })
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      webSockets.close()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
