import type { Kit } from '#peers/kit'
import type { SessionContext } from '#peers/session/context'
import { commonVerbs } from '#peers/session/verbs'
import { sseVerbs } from '#peers/sse/verbs'
import { openClients } from '#peers/third-party/clients'
import { websocketVerbs } from '#peers/websocket/verbs'

/** The kit of the checks on servers: the verbs of both protocols, each bound to the server of its protocol. */
export function openServerKit(context: SessionContext): Kit {
  const websocket = context.boundTo('websocket')
  const sse = context.boundTo('sse')
  return {
    ...commonVerbs(context),
    ...websocketVerbs(websocket),
    ...sseVerbs(sse),
    clients: openClients({ websocket, sse }),
    get websocket() {
      return websocket.endpoint
    },
    get sse() {
      return sse.endpoint
    },
  }
}
