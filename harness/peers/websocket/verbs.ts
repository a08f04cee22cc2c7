import type { SessionContext } from '#peers/session/context'
import type { Kit } from '#peers/kit'
import { connectWebSocket } from './connect.ts'
import { sendHandshake } from './handshake.ts'

/** The verbs for WebSockets. */
export function websocketVerbs(context: SessionContext): Pick<Kit, 'connect' | 'handshake'> {
  return {
    connect: (options) => connectWebSocket(context, options),
    handshake: (changes) => sendHandshake(context, changes),
  }
}
