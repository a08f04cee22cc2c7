import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createSocketServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A server that is not what somebody took it for. */
export interface BadServer extends AsyncDisposable {
  readonly port: number
  /** Connections that were made to it. */
  readonly connections: () => number
}

/** Answers each HTTP request as told; also requests to upgrade. */
export function httpServer(answer: RequestListener): Promise<BadServer> {
  return opened(createServer(answer))
}

/** Talks, or does not, on bare sockets. */
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

/** A port on which nobody listens: it was free a moment ago. */
export async function freePort(): Promise<number> {
  await using server = await socketServer(() => undefined)
  return server.port
}
