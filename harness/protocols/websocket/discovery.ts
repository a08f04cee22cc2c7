import { Inconclusive, Violation } from '#model/errors'
import type { CapabilityFinding } from '#model/model'
import type { Endpoint } from '#peers/session/endpoint'
import type { Kit, WebSocketPeer } from '#peers/kit'
import { absent, broken, oneByOne, present } from '#target/discovery/findings'
import type { Both, Findings } from '#target/discovery/findings'
import type { FindQuestion, Found, ServerQuestions } from '#target/discovery/server'
import type { Timing } from '#target/discovery/timing'

/** What is asked of WebSocket servers. */
export const websocketQuestions: ServerQuestions<Kit> = {
  async open(kit) {
    ;(await kit.connect()).reset()
  },
  find: supportOf,
  async speaks(kit) {
    return (await kit.handshake()).head?.status === 101
  },
  firstAnswer: {
    request: 'a WebSocket handshake',
    redirects: 'WebSocket clients do not follow',
    async ask(kit) {
      const answer = await kit.handshake()
      if (answer.head === null) await answer.expectAccepted()
      return answer.head?.status === 101 ? null : answer.head
    },
  },
}

/** What a WebSocket server supports. Every question opens connections of its own and closes them. */
async function supportOf({ kit, endpoint, how, timing }: FindQuestion<Kit>): Promise<Found> {
  const [[echoes, deflate], [subprotocol, tls]] = await how(
    () =>
      how(
        () => echoFindings(kit, how, timing),
        () => deflateFinding(kit, how),
      ),
    () =>
      how(
        () => subprotocolFinding(kit, endpoint),
        () => tlsFinding(kit, endpoint),
      ),
  )
  return {
    findings: { ...echoes.findings, 'ws.deflate': deflate, 'ws.subprotocol': subprotocol, 'ws.tls': tls },
    broadcasts: echoes.broadcasts,
  }
}

/**
 * What happened to a message: `altered`: it came back damaged; `other-type`: its bytes came back as a message of the
 * other type; `within`: it came back inside an answer of the application.
 */
type Echo = 'same' | 'altered' | 'other-type' | 'within' | 'none' | 'ended'

/** A nonce proves that what comes is an answer: no server can send it without having read it. */
async function echoFindings(kit: Kit, how: Both, timing: Timing): Promise<Found> {
  const nonce = kit.nonce()
  const ofText = { before: utf8('streamproof '), nonce, after: utf8(' \u00e9\u4e16\u{1F600}') }
  const ofBinary = { before: Buffer.of(0x00, 0xff, 0x80, 0xc0), nonce: kit.nonce(), after: Buffer.of(0xfe) }
  const listener = how === oneByOne ? null : await kit.connect()
  const [text, binary] = await how(
    () => echoOf(kit, timing, 'text', ofText),
    () => echoOf(kit, timing, 'binary', ofBinary),
  )
  const broadcasts = listener !== null && (await hears(listener, nonce))
  return { findings: echoesFound(text, binary), broadcasts }
}

function echoesFound(text: Echo, binary: Echo): Findings {
  if (text === 'ended' && binary === 'ended') {
    const finding = absent(
      'the server ends the connection on a message that it does not know; an opening exchange may be missing (opening in the config file)',
    )
    return { 'ws.echo': finding, 'ws.echo.binary': finding }
  }
  return { 'ws.echo': echoFinding('text', text), 'ws.echo.binary': echoFinding('binary', binary) }
}

/** Whether a connection that sent nothing received what another one sent. */
async function hears(listener: WebSocketPeer, nonce: string): Promise<boolean> {
  try {
    // After the Pong nothing arrives that was sent before the Ping.
    await listener.expectPong()
  } catch (error) {
    if (!judged(error)) throw error
  }
  listener.reset()
  return listener.messages.some(({ payload }) => Buffer.from(payload).includes(nonce))
}

/** An application need not echo: only a damaged echo is wrong. */
function echoFinding(type: 'text' | 'binary', echo: Echo): CapabilityFinding {
  const which = `a ${type} message`
  switch (echo) {
    case 'same':
      return present(`${which} came back unchanged`)
    case 'altered':
      return broken(`${which} came back altered`)
    case 'other-type':
      return absent(
        `${which} came back as a ${type === 'text' ? 'binary' : 'text'} one: let the echo keep the type of each message`,
      )
    case 'within':
      return absent(
        `${which} came back inside an answer: the server answers in its own way and does not echo`,
      )
    case 'ended':
      return absent(`the server ends the connection on ${which}`)
    case 'none':
      return absent(
        `${which} does not come back: point the URL at an echo service to check the content of messages`,
      )
  }
}

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8')

/** A message in three parts, so that damage differs from what an application adds. */
interface Probe {
  readonly before: Buffer
  readonly nonce: string
  readonly after: Buffer
}

async function echoOf(kit: Kit, timing: Timing, type: 'text' | 'binary', probe: Probe): Promise<Echo> {
  const payload = Buffer.concat([probe.before, utf8(probe.nonce), probe.after])
  let peer: WebSocketPeer | null = null
  try {
    peer = await kit.connect()
    const open = peer
    await timing.of(() => open.expectEcho(type, type === 'text' ? payload.toString('utf8') : payload))
    return 'same'
  } catch (error) {
    if (!judged(error) || peer === null) {
      if (judged(error)) return 'none'
      throw error
    }
    const answers = peer.messages.map((message) => Buffer.from(message.payload))
    const answer = answers.find((one) => one.includes(probe.nonce))
    if (answer !== undefined) return answered(answer, payload, probe)
    return peer.ending?.by === 'target' ? 'ended' : 'none'
  } finally {
    peer?.reset()
  }
}

/**
 * What was received instead of the message. ASCII survives every mistake, and any other byte becomes three at most: an
 * answer with more bytes before or after the nonce was built around the message.
 */
function answered(answer: Buffer, sent: Buffer, { before, nonce, after }: Probe): Echo {
  if (answer.equals(sent)) return 'other-type'
  if (answer.includes(sent)) return 'within'
  const at = answer.indexOf(nonce)
  const isText = before.every((byte) => byte < 0x80)
  const front = answer.subarray(0, at)
  const isFront = isText ? front.equals(before) : front.length <= 3 * before.length
  const rest = answer.length - at - nonce.length
  return isFront && rest <= 2 * after.length + 1 ? 'altered' : 'within'
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
    return absent('no connection stayed open on which permessage-deflate was offered')
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
