import type { RequestHead } from '#reference/http/head'
import type { HttpConnection } from '#reference/http/server'
import { serveFrames } from './connection.ts'
import { registryOf } from './connection-registry.ts'
import { judgeHandshake } from './handshake.ts'
import type { WebSocketService } from './service.ts'

export type { WebSocketService } from './service.ts'

/**
 * Answers every request for the path of the WebSocket service, because a request that is not a handshake must be
 * rejected as an invalid one. Takes over the connection until its socket closes. The caller destroys sockets that are
 * still open when the server stops.
 */
export function serveWebSocket(
  connection: HttpConnection,
  head: RequestHead,
  service: WebSocketService,
): void {
  const { rules } = service
  const handshake = judgeHandshake(connection, head, service)
  const registry = registryOf(service)
  if (handshake.kind === 'accepted' && !registry.admits(head)) {
    connection.respond({ status: 403, body: 'too many connections, or a client that lost one\n' })
    return
  }
  if (handshake.kind === 'accepted') {
    connection.sendHead(rules.acceptStatus, handshake.headers)
    const ended = registry.add(connection.socket, head)
    if (rules.acceptStatus === 101) serveFrames(connection.takeOver(), service, handshake.deflate, ended)
    else connection.linger()
    return
  }
  if (rules.refusal === 'fin') {
    connection.linger()
    return
  }
  const headers = rules.refusalHeaders(handshake.headers)
  const status = rules.refusalStatus(handshake.status)
  if (!rules.framesAfterRefusal) {
    connection.respond({ status, headers, body: `${handshake.why}\n` })
    return
  }
  connection.respond({ status, headers, body: `${handshake.why}\n`, keepAlive: true })
  serveFrames(connection.takeOver(), service, null)
}
