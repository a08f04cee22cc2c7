import { Inconclusive, Violation } from '../check/errors.ts'
import type { CapabilityFinding } from '../check/model.ts'
import type { Endpoint } from '../peers/endpoint.ts'
import type { Kit, WebSocketPeer } from '../peers/kit.ts'
import { absent, broken, originFindings, plainFinding, present } from './findings.ts'
import type { Both, Findings } from './findings.ts'
import { timed } from './probe.ts'

/**
 * What a WebSocket server can. Every question has connections of its own, which are closed behind it.
 * @param how asks two questions: side by side, or one after the other where a target has room for few connections.
 */
export async function discoverWebSocket(kit: Kit, endpoint: Endpoint, how: Both): Promise<Findings> {
  const [[echo, deflate], [subprotocol, tls]] = await how(
    () =>
      how(
        () => echoFinding(kit, how),
        () => deflateFinding(kit, how),
      ),
    () =>
      how(
        () => subprotocolFinding(kit, endpoint),
        () => tlsFinding(kit, endpoint),
      ),
  )
  return {
    'ws.echo': echo,
    'ws.deflate': deflate,
    'ws.subprotocol': subprotocol,
    ...originFindings(endpoint),
    'ws.tls': tls,
    'ws.plain': plainFinding(endpoint),
  }
}

type Echo = 'same' | 'altered' | 'none' | 'ended'

/** A nonce proves that what comes is an answer: no server can send it without having read it. */
async function echoFinding(kit: Kit, how: Both): Promise<CapabilityFinding> {
  const text = `streamproof ${kit.nonce()} \u00e9\u4e16\u{1F600}`
  const nonce = kit.nonce()
  const binary = new Uint8Array([0x00, 0xff, 0x80, 0xc0, ...new TextEncoder().encode(nonce), 0xfe])
  const [first, second] = await how(
    () => echoOf(kit, 'text', text, text.slice(12, 28)),
    () => echoOf(kit, 'binary', binary, nonce),
  )
  if (first === 'same' && second === 'same') return present('a text and a binary message came back unchanged')
  if (first === 'altered' || second === 'altered') {
    const which =
      first === 'altered'
        ? second === 'altered'
          ? 'text and binary messages come'
          : 'a text message comes'
        : 'a binary message comes'
    return broken(`${which} back altered`)
  }
  if (first === 'same') return broken('a text message came back, a binary one did not')
  if (second === 'same') return broken('a binary message came back, a text one did not')
  if (first === 'ended' && second === 'ended')
    return absent(
      'the server ends the connection on a message that it does not know; an opening exchange may be missing (opening in the config file)',
    )
  return absent(
    'messages do not come back: point the URL at an echo service to check the content of messages',
  )
}

async function echoOf(
  kit: Kit,
  type: 'text' | 'binary',
  payload: string | Uint8Array,
  nonce: string,
): Promise<Echo> {
  let peer: WebSocketPeer | null = null
  try {
    peer = await kit.connect()
    const open = peer
    await timed(kit, `${type}Ms`, () => open.expectEcho(type, payload))
    return 'same'
  } catch (error) {
    if (!judged(error) || peer === null) {
      if (judged(error)) return 'none'
      throw error
    }
    const came = peer.messages.some((message) =>
      Buffer.from(message.payload).toString('latin1').includes(nonce),
    )
    if (came) return 'altered'
    return peer.ending?.by === 'target' ? 'ended' : 'none'
  } finally {
    peer?.reset()
  }
}

async function deflateFinding(kit: Kit, how: Both): Promise<CapabilityFinding> {
  const accepts = async (extensions?: string): Promise<boolean> => {
    const peer = await kit.connect(extensions === undefined ? {} : { extensions })
    const accepted = peer.response
      .list('sec-websocket-extensions')
      .some((one) => one.toLowerCase().startsWith('permessage-deflate'))
    peer.reset()
    return accepted
  }
  try {
    // The control offers nothing: an extension in its answer would say nothing about the offer.
    const [offered, control] = await how(
      () => accepts('permessage-deflate; client_max_window_bits'),
      () => accepts(),
    )
    if (control) return broken('permessage-deflate is in the answer to a handshake that did not offer it')
    return offered
      ? present('permessage-deflate was accepted when offered, and not when not')
      : absent('permessage-deflate was offered and not accepted: switch it on in the server')
  } catch (error) {
    if (!judged(error)) throw error
    return absent('no connection stood on which permessage-deflate was offered')
  }
}

async function subprotocolFinding(kit: Kit, endpoint: Endpoint): Promise<CapabilityFinding> {
  if (endpoint.subprotocols.length === 0) return absent('no subprotocol is given: --subprotocol NAME')
  const answer = await handshakeOf(kit, endpoint.url)
  const chosen = answer?.head?.get('sec-websocket-protocol') ?? null
  if (chosen === null) return absent('the server chose none of the subprotocols that the contract names')
  return endpoint.subprotocols.includes(chosen)
    ? present('the server chose one of the subprotocols that the contract names')
    : broken('the server chose a subprotocol that was not offered')
}

async function tlsFinding(kit: Kit, endpoint: Endpoint): Promise<CapabilityFinding> {
  if (endpoint.secureUrl === null)
    return absent('no secure address is known: give a wss: URL, or secureUrl.ws in the config file')
  const answer = await handshakeOf(kit, endpoint.secureUrl)
  return answer?.head?.status === 101
    ? present('a WebSocket opens over TLS')
    : broken('no WebSocket opens at the secure address')
}

async function handshakeOf(kit: Kit, url: URL): Promise<Awaited<ReturnType<Kit['handshake']>> | null> {
  try {
    return await kit.handshake({ url })
  } catch (error) {
    if (judged(error)) return null
    throw error
  }
}

function judged(error: unknown): boolean {
  return error instanceof Violation || error instanceof Inconclusive
}
