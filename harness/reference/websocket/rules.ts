import { createHash } from 'node:crypto'
import type { RequestHead } from '#reference/http/head'
import type { OutgoingFrame } from './frames.ts'
import type { KeepAliveRules } from './keep-alive.ts'

/** Violations in an opening handshake (RFC 6455 4.2.1 and 9.1). The strict reference rejects each; a mutant may tolerate it. */
export const handshakeViolations = [
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

export type HandshakeViolation = (typeof handshakeViolations)[number]

/** Properties of a valid handshake that an over-strict mutant rejects. */
export type OverStrictHandshakeRule =
  | 'upgrade-in-other-case'
  | 'connection-list'
  | 'host-not-first'
  | 'unknown-header'
  | 'header-name-in-other-case'
  | 'absolute-target'
  | 'several-segments'
  | 'quoted-parameter'
  | 'small-window'

/** Violations in an offer of permessage-deflate (RFC 7692 7). The strict reference declines each; a mutant may accept it. */
export const offerViolations = [
  'unknown-parameter',
  'invalid-value',
  'unexpected-value',
  'repeated-parameter',
] as const

export type OfferViolation = (typeof offerViolations)[number]

/** Violations in a frame, a message or a Close. The strict reference fails the connection on each; a mutant may tolerate it. */
export const frameViolations = [
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

export type FrameViolation = (typeof frameViolations)[number]

/** Properties of a valid frame, message or Close that an over-strict mutant rejects, drops or misreads. */
export type OverStrictFrameRule =
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

/** A received message, or one to send. */
export interface Message {
  readonly type: 'text' | 'binary'
  readonly payload: Buffer
  /** Number of frames that carried it. */
  readonly frames: number
}

/** The negotiated permessage-deflate: window sizes in bits, and which side uses no context takeover. */
export interface DeflateAgreement {
  readonly serverBits: number
  readonly clientBits: number
  readonly serverForgetsContext: boolean
  readonly clientForgetsContext: boolean
}

/** The configured origins of the service. */
interface OriginSettings {
  readonly allowed: string
  readonly denied: string
}

/** Every decision of the WebSocket service that a mutant can change (RFC 6455 and RFC 7692). */
export interface WebSocketRules extends KeepAliveRules {
  // --- Opening handshake ---
  readonly toleratesInHandshake: readonly HandshakeViolation[]
  readonly rejectsInHandshake: readonly OverStrictHandshakeRule[]
  readonly toleratesInOffer: readonly OfferViolation[]
  /** Status of the response to a valid handshake. */
  readonly acceptStatus: number
  /** Value of Sec-WebSocket-Accept for a key, which was received in this request head. */
  acceptOf(key: string, head: RequestHead): string
  /** Changes the headers of the 101 response just before they are sent. */
  answerHeaders(
    headers: readonly (readonly [string, string])[],
    head: RequestHead,
  ): readonly (readonly [string, string])[]
  /** How the server rejects a handshake: with an HTTP response, or with a FIN alone. */
  readonly refusal: 'http' | 'fin'
  refusalStatus(status: number): number
  refusalHeaders(headers: readonly (readonly [string, string])[]): readonly (readonly [string, string])[]
  /** Processes frames after a rejected handshake. */
  readonly framesAfterRefusal: boolean
  originAccepted(origin: string | null, settings: OriginSettings): boolean
  readonly originStatus: number
  /** Selects one of the offered subprotocols: an array for each header line, in order. */
  subprotocolOf(offered: readonly (readonly string[])[]): string | null
  /** Which header lines of Sec-WebSocket-Extensions the server reads. */
  readonly extensionLines: 'all' | 'first'
  /** Which offers of permessage-deflate the server considers. */
  readonly deflateOffers: 'all' | 'first'
  /** Value of Sec-WebSocket-Extensions in the 101, or null for no header. `offered`: the request had the header. */
  extensionsAnswer(agreed: string | null, offered: boolean): string | null
  /** Parameters of permessage-deflate in the 101, each as `name` or `name=value`. */
  deflateAnswer(parameters: readonly string[], agreement: DeflateAgreement): readonly string[]

  // --- Frames received ---
  readonly tolerates: readonly FrameViolation[]
  readonly rejects: readonly OverStrictFrameRule[]
  /** Valid close codes on which a mutant fails the connection. */
  readonly rejectsCloseCodes: readonly number[]
  /** When the server checks text: byte by byte, or when the message is complete. */
  readonly utf8Checked: 'at-once' | 'at-end'
  /** The code of the Close frame for a violation; `code` is the one that RFC 6455 names. */
  failureCode(violation: FrameViolation, code: number): number
  /**
   * What follows a violation: a Close frame and the end of TCP, only one of them, or both after the rest of the segment
   * has been processed.
   */
  readonly failure: 'close-and-end' | 'end-only' | 'close-only' | 'process-rest-of-segment'

  // --- Frames sent ---
  /** The frames to send instead of this one: a mutant changes or splits it, or adds another. */
  outgoing(frame: OutgoingFrame): readonly OutgoingFrame[]
  /** Payload of the Pong to a Ping; null for no answer. */
  pongTo(payload: Buffer): Buffer | null
  /** When the server answers Pings: each at once, each after the fragmented message, or only the first of a segment. */
  readonly pings: 'at-once' | 'after-message' | 'first-of-segment'
  /** What the server does with an unsolicited Pong. */
  readonly unsolicitedPong: 'ignore' | 'answer' | 'fail'
  /** The echo of a message; null for no echo. */
  echoOf(message: Message): Message | null
  /** The order of the echoes of one TCP segment. */
  readonly echoOrder: 'as-received' | 'reversed'
  /** Body of the Close frame that answers a Close frame with this body; null for no answer. */
  closeAnswer(body: Buffer): Buffer | null
  /** What happens to TCP after the closing handshake. */
  readonly afterClose: 'end' | 'reset' | 'stay'
  /** What the server does with frames after a received Close: discards all, or answers one kind of them. */
  readonly afterReceivedClose: 'discard' | 'answer-pings' | 'answer-messages' | 'answer-closes'
  /** Sends one more message after its own Close frame. */
  readonly messageAfterClose: boolean
  /** What the server does when the client closes TCP without a Close frame. */
  readonly peerFin: 'end' | 'stay'
  /** Maximum number of simultaneous connections. */
  readonly connectionLimit: number
  /** Maximum number of frames that the server reads on one connection. */
  readonly frameQuota: number
  /** What the server does after a connection is lost without a Close: nothing, end all others, or reject that client. */
  readonly afterLoss: 'nothing' | 'end-others' | 'refuse-client'
  /** How the server compresses: as negotiated, with a forbidden context, with a window that is too large, or damaged. */
  readonly deflater: 'as-agreed' | 'keep-context' | 'full-window' | 'damaged'
}

const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The value of Sec-WebSocket-Accept for a key (RFC 6455 4.2.2, item 5.4). */
export function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + acceptGuid, 'latin1')
    .digest('base64')
}

/** The subprotocol that the reference supports. */
export const echoSubprotocol = 'streamproof.echo'

/** The rules as the RFCs state them: no mutant. */
export const strictWebSocket: WebSocketRules = {
  toleratesInHandshake: [],
  rejectsInHandshake: [],
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
  rejects: [],
  rejectsCloseCodes: [],
  utf8Checked: 'at-once',
  failureCode: (_violation, code) => code,
  failure: 'close-and-end',
  outgoing: (frame) => [frame],
  pongTo: (payload) => payload,
  pings: 'at-once',
  unsolicitedPong: 'ignore',
  echoOf: (message) => message,
  echoOrder: 'as-received',
  closeAnswer: (body) => body.subarray(0, 2),
  afterClose: 'end',
  afterReceivedClose: 'discard',
  messageAfterClose: false,
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
