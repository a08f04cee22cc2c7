import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createSocketServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A server that is not a usable target. */
export interface BadServer extends AsyncDisposable {
  readonly port: number
  /** Connections that were made to it. */
  readonly connections: () => number
}

/** An HTTP server that also answers Upgrade requests with this listener. */
export function httpServer(answer: RequestListener): Promise<BadServer> {
  return opened(createServer(answer))
}

/** A TCP server. */
export function socketServer(talk: (socket: Socket) => void): Promise<BadServer> {
  return opened(
    createSocketServer((socket) => {
      socket.on('error', () => undefined)
      talk(socket)
    }),
  )
}

async function opened(server: Server): Promise<BadServer> {
  const sockets = new Set<Socket>()
  let count = 0
  server.on('connection', (socket) => {
    count += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

/** A port that was free a moment ago, so that nothing listens on it. */
export async function freePort(): Promise<number> {
  await using server = await socketServer(() => undefined)
  return server.port
}
