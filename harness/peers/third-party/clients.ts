import type { ConformingClients } from '#peers/kit'
import type { SessionContext } from '#peers/session/context'
import { runEventSource } from './event-source.ts'
import { runUndiciWebSocket, runWs } from './websocket.ts'
import { takeTurn } from '#peers/session/turn'

/** Clients that other projects wrote, over the routes of a session: for checks about compatibility. */
export function openClients(context: SessionContext): ConformingClients {
  const inTurn = async <T>(run: () => Promise<T>): Promise<T> => {
    await takeTurn(context)
    return await run()
  }
  return {
    ws: (options = {}) => inTurn(() => runWs(context, options)),
    undiciWebSocket: (options = {}) => inTurn(() => runUndiciWebSocket(context, options)),
    eventSource: (options) => inTurn(() => runEventSource(context, options)),
  }
}
