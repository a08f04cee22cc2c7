import { createHash } from 'node:crypto'
import type { RequestHead } from '#reference/http/head'
import type { OutgoingFrame } from './frames.ts'
import type { PaceRules } from './pace.ts'

/** What may be wrong with an opening handshake (RFC 6455 4.2.1 and 9.1). Each is refused, unless a mutant lets it pass. */
export const handshakeBreaches = [
  'method',
  'http-1.0',
  'upgrade-missing',
  'upgrade-other',
  'connection-missing',
  'connection-other',
  'key-missing',
  'key-malformed',
  'key-twice',
  'version-missing',
  'version-empty',
  'version-other',
  'version-form',
  'version-twice',
  'subprotocol-malformed',
  'extensions-malformed',
  'body',
] as const

export type HandshakeBreach = (typeof handshakeBreaches)[number]

/** What is right in a handshake, and is refused by a mutant. */
export type HandshakeScruple =
  | 'upgrade-in-other-case'
  | 'connection-list'
  | 'host-not-first'
  | 'unknown-header'
  | 'header-name-in-other-case'
  | 'absolute-target'
  | 'several-segments'
  | 'quoted-parameter'
  | 'small-window'

/** What may be wrong with an offer of permessage-deflate (RFC 7692 7). Each is declined, unless a mutant takes it. */
export const offerBreaches = [
  'unknown-parameter',
  'invalid-value',
  'value-where-none-is',
  'repeated-parameter',
] as const

export type OfferBreach = (typeof offerBreaches)[number]

/** What a frame, a message or a Close may have wrong with it. Each fails the connection, unless a mutant lets it pass. */
export const frameBreaches = [
  'unmasked',
  'unmasked-empty',
  'unmasked-control',
  'unmasked-continuation',
  'rsv1',
  'rsv2',
  'rsv3',
  'rsv-on-control',
  'compressed-control',
  'compressed-continuation',
  'opcode-data',
  'opcode-control',
  'opcode-in-fragment',
  'ping-long',
  'pong-long',
  'close-long',
  'ping-fragmented',
  'pong-fragmented',
  'close-fragmented',
  'continuation-alone',
  'continuation-alone-unfinished',
  'continuation-after-message',
  'interleaved-text',
  'interleaved-binary',
  'length-msb',
  'too-big',
  'utf8-overlong',
  'utf8-surrogate',
  'utf8-too-large',
  'utf8-truncated',
  'utf8-lone-continuation',
  'utf8-invalid-byte',
  'utf8-over-fragments',
  'utf8-deflated',
  'deflate-corrupt',
  'close-one-byte',
  'close-reason-utf8',
  'close-code-reserved',
  'close-code-undefined',
  'truncated-frame',
] as const

export type FrameBreach = (typeof frameBreaches)[number]

/** What is right in a frame, a message or a Close, and is failed, lost or mistaken by a mutant. */
export type FrameScruple =
  | 'mask-key-zero'
  | 'mask-key-ones'
  | 'mask-over-chunks'
  | 'empty-fragment'
  | 'fragment'
  | 'control-in-fragment'
  | 'frame-over-segments'
  | 'second-frame-of-segment'
  | 'nul'
  | 'noncharacter'
  | 'four-byte-character'
  | 'split-character'
  | 'binary-not-utf8'
  | 'uncompressed-message'
  | 'deflate'
  | 'deflate-context'
  | 'deflate-stored-block'
  | 'deflate-final-block'
  | 'deflate-second-block'
  | 'deflate-fragments'
  | 'deflate-empty'
  | 'close-empty'
  | 'close-long-reason'
  | 'close-in-fragment'

export interface Message {
  readonly type: 'text' | 'binary'
  readonly payload: Buffer
  readonly frames: number
}

/** What was agreed on for permessage-deflate: windows in bits, and which side forgets its context. */
export interface DeflateAgreement {
  readonly serverBits: number
  readonly clientBits: number
  readonly serverForgets: boolean
  readonly clientForgets: boolean
}

/** What the owner of the service has set about origins. */
export interface OriginSettings {
  readonly allowed: string
  readonly denied: string
}

/** How WebSockets are served: RFC 6455 and RFC 7692. */
export interface WebSocketRules extends PaceRules {
  // --- Opening handshake ---
  readonly toleratesInHandshake: readonly HandshakeBreach[]
  readonly refusesInHandshake: readonly HandshakeScruple[]
  readonly toleratesInOffer: readonly OfferBreach[]
  /** Status of the answer to a good handshake. */
  readonly acceptStatus: number
  /** Value of Sec-WebSocket-Accept for a key, and for the head that it came in. */
  acceptOf(key: string, head: RequestHead): string
  /** The headers of the 101, as the last thing before they are sent. */
  answerHeaders(
    headers: readonly (readonly [string, string])[],
    head: RequestHead,
  ): readonly (readonly [string, string])[]
  /** How a refusal goes out: as an HTTP answer, or as an end without one. */
  readonly refusal: 'http' | 'fin'
  refusalStatus(status: number): number
  refusalHeaders(headers: readonly (readonly [string, string])[]): readonly (readonly [string, string])[]
  /** Reads frames behind a refusal, which nobody should. */
  readonly framesAfterRefusal: boolean
  originAccepted(origin: string | null, settings: OriginSettings): boolean
  readonly originStatus: number
  /** Chooses among the offered subprotocols: by line of the header, elements in order. */
  subprotocolOf(offered: readonly (readonly string[])[]): string | null
  /** Lines of Sec-WebSocket-Extensions that are read; all of them unless a mutant reads the first alone. */
  readonly extensionLines: 'all' | 'first'
  /** Offers of permessage-deflate that are looked at. */
  readonly deflateOffers: 'all' | 'first'
  /** Value of Sec-WebSocket-Extensions in the 101, or null for none. `offered`: the header was there. */
  extensionsAnswer(agreed: string | null, offered: boolean): string | null
  /** Parameters of permessage-deflate in the 101, each as `name` or `name=value`. */
  deflateAnswer(parameters: readonly string[], agreement: DeflateAgreement): readonly string[]

  // --- Frames that come ---
  readonly tolerates: readonly FrameBreach[]
  readonly refuses: readonly FrameScruple[]
  /** Close codes that are good, and fail the connection all the same. */
  readonly refusesCloseCodes: readonly number[]
  /** When text is checked: octet by octet, or when the message is whole. */
  readonly utf8Checked: 'at-once' | 'at-end'
  /** The code of the Close frame that fails a connection. */
  failureCode(breach: FrameBreach, code: number): number
  /** What follows a breach: Close frame and end of TCP, only one of them, or the frames behind it are processed first. */
  readonly failure: 'close-and-end' | 'end-only' | 'close-only' | 'process-on'

  // --- Frames that go ---
  /** Every frame, as the last thing before it is sent: mutants change it, split it, or add one of their own. */
  outgoing(frame: OutgoingFrame): readonly OutgoingFrame[]
  /** Payload of the Pong to a Ping; null for no answer. */
  pongTo(payload: Buffer): Buffer | null
  /** When Pings are answered: every one at once, not before a fragmented message ends, or the first of a burst alone. */
  readonly pings: 'at-once' | 'after-message' | 'first-of-segment'
  /** What a Pong that nobody asked for meets. */
  readonly unsolicitedPong: 'ignore' | 'answer' | 'fail'
  /** What is echoed for a message; null for nothing. */
  echoOf(message: Message): Message | null
  /** In which order echoes of one segment leave. */
  readonly echoOrder: 'as-received' | 'reversed'
  /** Body of the Close that answers a Close with this body; null for no answer. */
  closeAnswer(body: Buffer): Buffer | null
  /** What follows the closing handshake. */
  readonly afterClose: 'end' | 'reset' | 'stay'
  /** What comes behind a received Close: nothing is read, or Pings, messages, Close frames are still answered. */
  readonly behindClose: 'discard' | 'answer-pings' | 'answer-messages' | 'answer-closes'
  /** Sends one more message behind its own Close. */
  readonly messageBehindClose: boolean
  /** What the peer's FIN without a Close meets. */
  readonly peerFin: 'end' | 'stay'
  /** Connections at a time; more are refused. */
  readonly connectionLimit: number
  /** Frames of one connection that are read before it is ended. */
  readonly frameQuota: number
  /** What a connection that is lost without a Close does to the others, and to its client when it comes back. */
  readonly afterLoss: 'nothing' | 'end-others' | 'refuse-client'
  /** How messages are compressed: as agreed, with the context kept or the window exceeded all the same, or damaged. */
  readonly deflater: 'as-agreed' | 'keep-context' | 'full-window' | 'damaged'
}

const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** RFC 6455 4.2.2 (5.4). */
export function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + acceptGuid, 'latin1')
    .digest('base64')
}

/** The subprotocol that the reference speaks. */
export const echoSubprotocol = 'streamproof.echo'

export const strictWebSocket: WebSocketRules = {
  toleratesInHandshake: [],
  refusesInHandshake: [],
  toleratesInOffer: [],
  acceptStatus: 101,
  acceptOf: acceptFor,
  answerHeaders: (headers) => headers,
  refusal: 'http',
  refusalStatus: (status) => status,
  refusalHeaders: (headers) => headers,
  framesAfterRefusal: false,
  originAccepted: (origin, { allowed }) => origin === null || origin === allowed,
  originStatus: 403,
  subprotocolOf: (offered) => (offered.flat().includes(echoSubprotocol) ? echoSubprotocol : null),
  extensionLines: 'all',
  deflateOffers: 'all',
  extensionsAnswer: (agreed) => agreed,
  deflateAnswer: (parameters) => parameters,
  tolerates: [],
  refuses: [],
  refusesCloseCodes: [],
  utf8Checked: 'at-once',
  failureCode: (_breach, code) => code,
  failure: 'close-and-end',
  outgoing: (frame) => [frame],
  pongTo: (payload) => payload,
  pings: 'at-once',
  unsolicitedPong: 'ignore',
  echoOf: (message) => message,
  echoOrder: 'as-received',
  closeAnswer: (body) => body.subarray(0, 2),
  afterClose: 'end',
  behindClose: 'discard',
  messageBehindClose: false,
  peerFin: 'end',
  connectionLimit: Number.POSITIVE_INFINITY,
  frameQuota: Number.POSITIVE_INFINITY,
  afterLoss: 'nothing',
  endsSilentAfterMs: Number.POSITIVE_INFINITY,
  silentEnd: 'close-frame',
  wantsPongEveryMs: Number.POSITIVE_INFINITY,
  endsSlowFrameAfterMs: Number.POSITIVE_INFINITY,
  deflater: 'as-agreed',
}
