import type { SessionContext } from '#peers/session/context'
import type { Kit } from '#peers/kit'
import { runUnderFault } from '#peers/faults/under-fault'
import { connectWebSocket } from './connect.ts'
import { sendHandshake } from './handshake.ts'

/** The verbs for WebSockets, and the one for faults. */
export function websocketVerbs(context: SessionContext): Pick<Kit, 'connect' | 'handshake' | 'underFault'> {
  return {
    connect: (options) => connectWebSocket(context, options),
    handshake: (changes) => sendHandshake(context, changes),
    underFault: (fault, exchange, options) => runUnderFault(context, fault, exchange, options),
  }
}
