import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer } from 'ws'

/** The texts of a request to send back. */
export type Reflect = (request: IncomingMessage, body: string) => readonly string[]

export interface ReflectingServer extends AsyncDisposable {
  readonly port: number
}

/**
 * A server that sends back the texts of each request. Over WebSocket it selects the first subprotocol, sends the texts
 * as messages and then echoes. Its event stream sends the texts of the request and of each publication as events and
 * comments.
 */
export async function reflectingServer(textsOf: Reflect): Promise<ReflectingServer> {
  const streams = new Set<ServerResponse>()
  const sockets = new Set<Socket>()
  let next = 1
  const send = (response: ServerResponse, lines: readonly string[]): void => {
    for (const line of lines) {
      for (const part of line.split('\n')) response.write(`: ${part}\n`)
      response.write(
        `id: ${next++}\n${line
          .split('\n')
          .map((part) => `data: ${part}\n`)
          .join('')}\n`,
      )
    }
  }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
    request.on('end', () => {
      if (request.method === 'POST') {
        for (const stream of streams) send(stream, textsOf(request, body))
        response.writeHead(202).end()
        return
      }
      response.writeHead(200, {
        'Content-Type': 'text/event-stream',
        'X-Reflected': textsOf(request, '')
          .join(' ')
          .replaceAll(/[^ -~]/g, ''),
      })
      streams.add(response)
      response.once('close', () => streams.delete(response))
      send(response, textsOf(request, ''))
    })
  })
  const webSockets = new WebSocketServer({ server, handleProtocols: (offered) => [...offered][0] ?? false })
  webSockets.on('connection', (socket, request) => {
    socket.on('error', () => undefined)
    for (const line of textsOf(request, '')) {
      socket.send(line)
      socket.send(Buffer.from(line))
    }
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  server.on('connection', (socket) => {
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
