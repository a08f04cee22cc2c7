import type { RequestHead } from '../http-head.ts'
import type { HttpConnection } from '../http.ts'
import type { Rules } from '../rules.ts'

/** What a WebSocket service is made of. */
export interface WebSocketService {
  readonly rules: Rules
  /** `echo` sends messages back with their type; `pushing` greets, pushes every 50 ms, and never echoes. */
  readonly variant: 'echo' | 'pushing'
  readonly allowedOrigin: string
  readonly deniedOrigin: string
}

/**
 * Answers a request for the WebSocket service, upgrade or not: every request whose path is the service's comes
 * here, since what is no handshake must be refused by the rules of one. Takes the connection over; it is freed when
 * its socket closes, and whoever accepted the socket destroys it at the end.
 */
export function serveWebSocket(
  connection: HttpConnection,
  _head: RequestHead,
  _service: WebSocketService,
): void {
  connection.respond({ status: 501 })
}
