import type { ConformingClients } from '#peers/kit'
import type { SessionContext } from '#peers/session/context'
import { runEventSource } from './event-source.ts'
import { runUndiciWebSocket, runWs } from './websocket.ts'
import { takeTurn } from '#peers/session/turn'

/** Clients that others wrote, over our routes: for checks about what conforming clients make of a target. */
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
