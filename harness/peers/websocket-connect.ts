import type { SessionContext } from './context.ts'
import type { ConnectOptions, HandshakeChanges, WebSocketPeer } from './kit.ts'
import { sendHandshake } from './websocket-handshake.ts'

/** Opens a WebSocket with a valid handshake, runs the contract's opening exchange, and proves that the target lives. */
export async function connectWebSocket(
  context: SessionContext,
  options: ConnectOptions = {},
): Promise<WebSocketPeer> {
  const { opening } = context.endpoint('websocket')
  const answer = await sendHandshake(context, validHandshake(options), {
    discreet: opening.length > 0,
    plain: true,
  })
  const peer = await answer.expectAccepted()
  if (opening.length > 0)
    context.transcript.add('us', 'note', 'the opening exchange of the contract, without its content')
  for (const step of opening) await peer.openingStep(step)
  peer.discreet = false
  if (options.unproven !== true) await peer.expectPong()
  answer.socket?.opened()
  return peer
}

function validHandshake(options: ConnectOptions): HandshakeChanges {
  const offered: [string, string][] = []
  const { subprotocols = null } = options
  if (subprotocols !== null && subprotocols.length > 0)
    offered.push(['Sec-WebSocket-Protocol', subprotocols.join(', ')])
  if (options.extensions !== undefined) offered.push(['Sec-WebSocket-Extensions', options.extensions])
  return {
    ...(subprotocols?.length === 0 ? { without: ['Sec-WebSocket-Protocol'] } : {}),
    with: [...offered, ...(options.headers ?? [])],
    ...(options.via === undefined ? {} : { via: options.via }),
    ...(options.url === undefined ? {} : { url: options.url }),
  }
}
