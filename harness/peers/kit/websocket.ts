import type { ConnectionTrace } from '#proxies/types'
import type { Ending } from '#model/model'
import type { HttpHead, Route } from './http.ts'

export type Opcode = 'continuation' | 'text' | 'binary' | 'close' | 'ping' | 'pong' | number

/** A frame to send. Anything may be wrong with it. */
export interface FrameToSend {
  readonly opcode: Opcode
  /** Text is sent as UTF-8. Empty unless given. */
  readonly payload?: Uint8Array | string
  /** True unless told. */
  readonly fin?: boolean
  /** Bits RSV1 (4), RSV2 (2), RSV3 (1). */
  readonly rsv?: number
  /** A random key unless told; `false` sends the frame unmasked. */
  readonly mask?: Uint8Array | false
  /** Width of the length field: 7, 16 or 64 bits; the shortest that fits unless told. */
  readonly lengthBits?: 7 | 16 | 64
  /** A length other than that of the payload. */
  readonly declaredLength?: bigint
}

export interface ReceivedFrame {
  readonly opcode: number
  readonly fin: boolean
  readonly rsv: number
  readonly masked: boolean
  readonly lengthBits: 7 | 16 | 64
  readonly payload: Uint8Array
  readonly ms: number
}

export interface ReceivedMessage {
  readonly type: 'text' | 'binary'
  readonly payload: Uint8Array
  /** The payload as UTF-8, or null where it is not. */
  readonly text: string | null
  readonly frames: number
  readonly compressed: boolean
  readonly ms: number
}

export interface ConnectOptions {
  readonly via?: Route
  readonly headers?: readonly (readonly [string, string])[]
  readonly subprotocols?: readonly string[]
  /** Value of Sec-WebSocket-Extensions to offer; none unless given. */
  readonly extensions?: string
  /** Connect to this address instead of the endpoint's URL. */
  readonly url?: URL
  /** Do not prove the connection by a Ping (for checks about the Ping itself). */
  readonly withoutPing?: boolean
  /** Whether the target is busy is what the check is about: a refusal, 429 or 503 is a violation then. */
  readonly judgesRefusal?: boolean
}

/** How to split bytes into TCP writes: sizes in turn, the last repeating. `[1]` is byte by byte. */
export type Segments = readonly number[]

export interface WebSocketPeer {
  readonly response: HttpHead
  readonly route: Route
  /** Everything that arrived so far. */
  readonly frames: readonly ReceivedFrame[]
  readonly messages: readonly ReceivedMessage[]
  readonly ending: Ending | null
  readonly trace: ConnectionTrace
  /** Sends frames in one write, or in the segments told. */
  send(frames: FrameToSend | readonly FrameToSend[], segments?: Segments): void
  sendBytes(bytes: Uint8Array, segments?: Segments): void
  /** Sends a whole data message in `fragments` frames (1 unless told). */
  sendMessage(type: 'text' | 'binary', payload: Uint8Array | string, fragments?: number): void
  /** Sends a permessage-deflate message made from these raw DEFLATE bytes (RSV1 set), in `fragments` frames. */
  sendDeflated(type: 'text' | 'binary', deflated: Uint8Array, fragments?: number): void
  /** Sends a Ping with this payload (a nonce unless given) and waits for the Pong that carries the same. */
  expectPong(payload?: Uint8Array | string): Promise<ReceivedFrame>
  /** Waits for the Pong with this payload, without sending anything. */
  expectPongOf(payload: Uint8Array | string): Promise<ReceivedFrame>
  /** Waits for a message with this type and payload; others that come meanwhile are borne. */
  expectMessage(type: 'text' | 'binary', payload: Uint8Array | string): Promise<ReceivedMessage>
  /** `sendMessage`, then `expectMessage` of the same. */
  expectEcho(
    type: 'text' | 'binary',
    payload: Uint8Array | string,
    fragments?: number,
  ): Promise<ReceivedMessage>
  /**
   * Waits until each of these has come inside of a text message, be it with others in one, and gives them in the order
   * in which they came.
   */
  expectTexts(parts: readonly string[]): Promise<readonly string[]>
  /** `expectEcho`, for a message that the target may have a limit against: a Close with 1009 is as good (RFC 6455 10.4). */
  expectEchoOrLimit(type: 'text' | 'binary', payload: Uint8Array | string): Promise<void>
  /** Proves by a Ping and its Pong that no frame that matches came up to here. */
  expectNone(what: string, match: (frame: ReceivedFrame) => boolean): Promise<void>
  /**
   * The connection is failed: any ending by the target (Close frame, FIN, RST) after what was sent last, with
   * nothing of it processed: no Pong to its Ping, no message that carries its payload (RFC 6455 7.1.7).
   */
  expectFailed(): Promise<Ending>
  /** Failed, and the Close frame carries one of these codes. For the SHOULDs of 7.1.7 and 7.4. */
  expectFailedWith(...codes: readonly number[]): Promise<Ending>
  /** Waits for the target's Close frame and gives it: code is null for an empty one. */
  expectClose(): Promise<{ readonly code: number | null; readonly reason: Uint8Array }>
  /** Waits until the target has ended the TCP connection. */
  expectEnd(): Promise<Ending>
  /** Sends a Close frame. Without a code its body is empty. */
  sendClose(code?: number, reason?: Uint8Array | string): void
  /**
   * Ends the connection politely: a Close, its answer, end of TCP. A target that ends TCP without the answer has ended
   * it as well: what it owes is judged by `expectClose`.
   */
  close(code?: number, reason?: string): Promise<void>
  /** FIN without a Close frame. */
  finish(): void
  /** RST. */
  reset(): void
}

export interface HandshakeChanges {
  readonly method?: string
  /** Request target; the URL's path and query unless told. `absolute` gives the absolute form. */
  readonly target?: 'absolute' | (string & {})
  readonly version?: string
  /** Headers to leave out, by name. */
  readonly without?: readonly string[]
  /** Headers to put in place of those with the same name, or to add. */
  readonly with?: readonly (readonly [name: string, value: string])[]
  /** Headers to add behind the others even if the name is there already. */
  readonly extra?: readonly (readonly [name: string, value: string])[]
  /** Rewrites the whole header list last: for order and letter case. */
  readonly rewrite?: (
    headers: readonly (readonly [string, string])[],
  ) => readonly (readonly [string, string])[]
  /** Raw bytes put behind the last header line, before the empty line. */
  readonly rawLine?: string
  /** Bytes sent behind the head, in the same write. */
  readonly followedBy?: Uint8Array
  readonly segments?: Segments
  readonly via?: Route
  readonly url?: URL
  /** TLS below: offers nothing newer than this version. */
  readonly maxTls?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
  /** Speaks plain text to a TLS port. */
  readonly plainText?: boolean
}

export interface HandshakeAnswer {
  /** Null when the connection ended, or nothing came, before a whole head. */
  readonly head: HttpHead | null
  readonly ending: Ending | null
  /** The key that was sent. */
  readonly key: string
  /** 101; gives the connection. */
  expectAccepted(): Promise<WebSocketPeer>
  /** Anything that ends the attempt: another status, or the end of the connection; silence is a violation. */
  expectRefused(): void
  /** An HTTP response with a 4xx or 5xx status (RFC 6455 4.2.1). */
  expectHttpError(): HttpHead
  /** Sends further bytes on the same TCP connection. */
  sendBytes(bytes: Uint8Array): void
  /** Waits for the target's ending, or for bytes that parse as a frame with this opcode (a violation). */
  expectNoFrame(): Promise<void>
}
