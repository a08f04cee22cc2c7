import type { ConformingClients } from '#peers/kit'
import type { SessionContext } from '#peers/session/context'
import { runEventSource } from './event-source.ts'
import { runUndiciWebSocket, runWs } from './websocket.ts'
import { acquireConnection } from '#peers/session/acquire-connection'

/** The contexts of a session, each bound to the server that the client connects to. */
interface ClientContexts {
  readonly websocket: SessionContext
  readonly sse: SessionContext
}

/** Clients that other projects wrote, over the routes of a session: for checks about compatibility. */
export function openClients({ websocket, sse }: ClientContexts): ConformingClients {
  const inTurn = async <T>(context: SessionContext, run: () => Promise<T>): Promise<T> => {
    await acquireConnection(context)
    return await run()
  }
  return {
    ws: (options = {}) => inTurn(websocket, () => runWs(websocket, options)),
    undiciWebSocket: (options = {}) => inTurn(websocket, () => runUndiciWebSocket(websocket, options)),
    eventSource: (options) => inTurn(sse, () => runEventSource(sse, options)),
  }
}
