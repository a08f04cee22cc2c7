import type { SessionContext } from './context.ts'
import type { Kit } from './kit.ts'
import { runUnderFault } from './under-fault.ts'
import { connectWebSocket } from './websocket-connect.ts'
import { sendHandshake } from './websocket-handshake.ts'

/** The verbs about WebSockets, and the one about the link. */
export function websocketVerbs(context: SessionContext): Pick<Kit, 'connect' | 'handshake' | 'underFault'> {
  return {
    connect: (options) => connectWebSocket(context, options),
    handshake: (changes) => sendHandshake(context, changes),
    underFault: (fault, exchange, options) => runUnderFault(context, fault, exchange, options),
  }
}
