import type { ConformingClients } from './kit.ts'
import type { SessionContext } from './context.ts'
import { runEventSource } from './client-event-source.ts'
import { runUndiciWebSocket, runWs } from './client-websocket.ts'

/** Clients that others wrote, over our routes: for checks about what conforming clients make of a target. */
export function openClients(context: SessionContext): ConformingClients {
  return {
    ws: (options = {}) => runWs(context, options),
    undiciWebSocket: (options = {}) => runUndiciWebSocket(context, options),
    undiciEventSource: (options) => runEventSource(context, options),
  }
}
