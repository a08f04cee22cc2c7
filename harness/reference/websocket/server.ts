import type { RequestHead } from '#reference/http/head'
import type { HttpConnection } from '#reference/http/server'
import { serveFrames } from './connection.ts'
import { crowdOf } from './crowd.ts'
import { judgeHandshake } from './handshake.ts'
import type { WebSocketService } from './service.ts'

export type { WebSocketService } from './service.ts'

/**
 * Answers a request for the WebSocket service, upgrade or not: every request whose path is the service's comes
 * here, since what is no handshake must be refused by the rules of one. Takes the connection over; it is freed when
 * its socket closes, and whoever accepted the socket destroys it at the end.
 */
export function serveWebSocket(
  connection: HttpConnection,
  head: RequestHead,
  service: WebSocketService,
): void {
  const { rules } = service
  const handshake = judgeHandshake(connection, head, service)
  const crowd = crowdOf(service)
  if (handshake.kind === 'accepted' && !crowd.admits(head)) {
    connection.respond({ status: 403, body: 'there is no room\n' })
    return
  }
  if (handshake.kind === 'accepted') {
    connection.sendHead(rules.acceptStatus, handshake.headers)
    const left = crowd.entered(connection.socket, head)
    if (rules.acceptStatus === 101) serveFrames(connection.takeOver(), service, handshake.deflate, left)
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
