import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface SilentServer extends AsyncDisposable {
  readonly port: number
}

/** A WebSocket server that answers short Pings, and ignores whatever else it receives, valid or not. */
export async function silentServer(): Promise<SilentServer> {
  const sockets = new Set<Socket>()
  const server = createServer()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('upgrade', ({ headers }, socket) => {
    const key = `${headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.on('data', (bytes: Buffer) => {
      const length = (bytes[1] ?? 0) & 0x7f
      if (bytes[0] !== 0x89 || length > 125 || bytes.length < 6 + length) return
      const payload = bytes.subarray(6, 6 + length).map((byte, index) => byte ^ (bytes[2 + (index % 4)] ?? 0))
      socket.write(Buffer.concat([Buffer.from([0x8a, length]), payload]))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
