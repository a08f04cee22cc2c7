import { Inconclusive, Violation } from '#model/errors'
import { withholdsCredentials } from '#peers/http/request-head'
import { isSecure } from '#common/url'
import type { SessionContext } from '#peers/session/context'
import type { ConnectOptions, HandshakeChanges, WebSocketPeer } from '#peers/kit'
import { sendHandshake } from './handshake.ts'
import type { RawWebSocket } from './peer.ts'

/** Opens a WebSocket with a valid handshake, runs the contract's opening exchange, and proves it by a Ping. */
export async function connectWebSocket(
  context: SessionContext,
  options: ConnectOptions = {},
): Promise<WebSocketPeer> {
  return open(context, options, 'check')
}

async function open(
  context: SessionContext,
  options: ConnectOptions,
  purpose: 'check' | 'idle-control',
): Promise<RawWebSocket> {
  const endpoint = context.endpoint
  const url = options.url ?? endpoint.url
  // The opening exchange may hold credentials.
  const opening = withholdsCredentials(endpoint, { url, encrypted: isSecure(url) }) ? [] : endpoint.opening
  const traits = { hidesPayloads: opening.length > 0, isValid: true }
  const answer = await sendHandshake(context, validHandshake(options), traits).catch((error: unknown) => {
    throw options.judgesRefusal === true ? asViolation(error) : error
  })
  const peer = await answer.expectAccepted()
  const { via: _, ...direct } = options
  if (purpose === 'check') peer.openIdleControl = () => open(context, direct, 'idle-control')
  if (opening.length > 0)
    context.transcript.add('harness', 'note', 'opening exchange of the contract (content not recorded)')
  for (const step of opening) await peer.openingStep(step)
  peer.hidesPayloads = false
  if (purpose === 'check' && options.withoutPing !== true) await peer.expectPong()
  answer.stream.opened()
  return peer
}

/** A refusal by the target as a violation; any other error as it is. */
function asViolation(error: unknown): unknown {
  if (!(error instanceof Inconclusive) || error.reason !== 'target-refused') return error
  const actual = error.message.replace(/^target-refused: /, '')
  return new Violation('the handshake to be accepted with status 101', actual, { cause: error })
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
