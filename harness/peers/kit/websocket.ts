import type { ConnectionTrace } from '#proxies/types'
import type { Ending } from '#model/model'
import type { HttpHead, Route } from './http.ts'

export type Opcode = 'continuation' | 'text' | 'binary' | 'close' | 'ping' | 'pong' | number

/** A frame to send (RFC 6455 5.2). What is not given is valid; what is given may be wrong in any way. */
export interface FrameToSend {
  readonly opcode: Opcode
  /** Text is sent as UTF-8. Empty by default. */
  readonly payload?: Uint8Array | string
  /** True by default. */
  readonly fin?: boolean
  /** The sum of the bits RSV1 (4), RSV2 (2) and RSV3 (1); 0 by default. */
  readonly rsv?: number
  /** The masking key, a random one by default. `false` sends the frame unmasked. */
  readonly mask?: Uint8Array | false
  /** Width of the length field: 7, 16 or 64 bits; by default the shortest that fits. */
  readonly lengthBits?: 7 | 16 | 64
  /** A length that is not that of the payload. */
  readonly declaredLength?: bigint
}

/** A frame as the target sent it. */
export interface ReceivedFrame {
  readonly opcode: number
  readonly fin: boolean
  readonly rsv: number
  readonly masked: boolean
  readonly lengthBits: 7 | 16 | 64
  /** Unmasked, but still compressed. */
  readonly payload: Uint8Array
  /** When its last byte arrived, in ms of the session. */
  readonly ms: number
}

/** A data message: one frame or several, decompressed. */
export interface ReceivedMessage {
  readonly type: 'text' | 'binary'
  readonly payload: Uint8Array
  /** The payload as text, or null if it is not UTF-8. */
  readonly text: string | null
  /** Number of its frames. */
  readonly frames: number
  readonly compressed: boolean
  readonly ms: number
}

/** How to open a connection. What is not given is as the contract says. */
export interface ConnectOptions {
  readonly via?: Route
  /** Replace headers of the same name, or are added. */
  readonly headers?: readonly (readonly [string, string])[]
  readonly subprotocols?: readonly string[]
  /** The value of Sec-WebSocket-Extensions; no extension is offered by default. */
  readonly extensions?: string
  /** Another address of the target, such as its plain-text one. */
  readonly url?: URL
  /** Do not check the new connection with a Ping: for checks that are about the Ping itself. */
  readonly withoutPing?: boolean
  /** The check is about how many connections the target accepts: a refusal, 429 or 503 is then a Violation. */
  readonly judgesRefusal?: boolean
}

/**
 * How to split bytes into TCP segments: their sizes in order, of which the last repeats. `[1]` sends every byte in a
 * segment of its own, `[2, 1000]` two bytes and then pieces of a thousand.
 */
export type Segments = readonly number[]

/**
 * An open WebSocket connection. Every `expect…` waits until something has happened or a time limit has passed, and then
 * throws a Violation. What arrived before the call counts as well. Greetings, pushes, Pings and messages of others that
 * arrive meanwhile are ignored. A Ping of the target is answered at once.
 */
export interface WebSocketPeer {
  readonly response: HttpHead
  readonly route: Route
  /** Everything that has arrived so far. */
  readonly frames: readonly ReceivedFrame[]
  readonly messages: readonly ReceivedMessage[]
  /** How the connection ended; null while it is open. */
  readonly ending: Ending | null
  readonly trace: ConnectionTrace
  /** Sends frames in one write, or in segments. */
  send(frames: FrameToSend | readonly FrameToSend[], segments?: Segments): void
  /** Sends bytes as they are, frames or not. */
  sendBytes(bytes: Uint8Array, segments?: Segments): void
  /** Sends a whole data message, in `fragments` frames (1 by default). */
  sendMessage(type: 'text' | 'binary', payload: Uint8Array | string, fragments?: number): void
  /** Sends raw DEFLATE bytes as a compressed message (RSV1 set; RFC 7692 6.1), in `fragments` frames (1 by default). */
  sendDeflated(type: 'text' | 'binary', deflated: Uint8Array, fragments?: number): void
  /** Sends a Ping with this payload (a nonce by default) and waits for the Pong that carries the same payload. */
  expectPong(payload?: Uint8Array | string): Promise<ReceivedFrame>
  /** Waits for the Pong with this payload. Sends nothing. */
  expectPongOf(payload: Uint8Array | string): Promise<ReceivedFrame>
  /** Waits for a message with this type and payload. */
  expectMessage(type: 'text' | 'binary', payload: Uint8Array | string): Promise<ReceivedMessage>
  /** `sendMessage`, then `expectMessage` of the same. Needs the capability `ws.echo`. */
  expectEcho(
    type: 'text' | 'binary',
    payload: Uint8Array | string,
    fragments?: number,
  ): Promise<ReceivedMessage>
  /** `expectEcho` for a message that may be too big for the target: a Close with 1009 is just as good (RFC 6455 10.4). */
  expectEchoOrLimit(type: 'text' | 'binary', payload: Uint8Array | string): Promise<void>
  /** Waits until each of these texts has arrived inside a text message. Returns them in the order in which they arrived. */
  expectTexts(parts: readonly string[]): Promise<readonly string[]>
  /** Expects that no frame matches, up to the Pong of a Ping that it sends. */
  expectNone(what: string, match: (frame: ReceivedFrame) => boolean): Promise<void>
  /**
   * Expects the target to fail the connection (RFC 6455 7.1.7): it ends it, by a Close frame, FIN or RST, and processes
   * nothing of what was sent last: no Pong answers its Ping, no message carries its payload.
   */
  expectFailed(): Promise<Ending>
  /** `expectFailed`, with a Close frame that carries one of these codes: the SHOULD of RFC 6455 7.4. */
  expectFailedWith(...codes: readonly number[]): Promise<Ending>
  /** Waits for the target's Close frame. `code` is null if its body is empty. */
  expectClose(): Promise<{ readonly code: number | null; readonly reason: Uint8Array }>
  /** Waits until the target has ended the TCP connection. */
  expectEnd(): Promise<Ending>
  /** Sends a Close frame; without a code, its body is empty. */
  sendClose(code?: number, reason?: Uint8Array | string): void
  /** Closes as a client does: sends a Close frame, expects the target's (`expectClose`), and ends the connection. */
  close(code?: number, reason?: string): Promise<void>
  /** Ends the connection by FIN, without a Close frame. */
  finish(): void
  /** Ends the connection by RST. */
  reset(): void
}

/** What to change in a valid opening handshake (RFC 6455 4.1). Applied in this order. */
export interface HandshakeChanges {
  readonly method?: string
  /** The request target: the URL's path and query by default, the whole URL if `absolute`. */
  readonly target?: 'absolute' | (string & {})
  readonly version?: string
  /** Names of headers to leave out. */
  readonly without?: readonly string[]
  /** Replace headers of the same name, or are added. */
  readonly with?: readonly (readonly [name: string, value: string])[]
  /** Added after the others, even if there is a header of the same name. */
  readonly extra?: readonly (readonly [name: string, value: string])[]
  /** Rewrites the whole list of headers: to change their order or letter case. */
  readonly rewrite?: (
    headers: readonly (readonly [string, string])[],
  ) => readonly (readonly [string, string])[]
  /** Sent as it is after the last header, before the empty line. */
  readonly rawLine?: string
  /** Bytes that follow the head in the same write. */
  readonly followedBy?: Uint8Array
  readonly segments?: Segments
  readonly via?: Route
  /** Another address of the target, such as its plain-text one. */
  readonly url?: URL
  /** The newest TLS version to offer. */
  readonly maxTls?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
  /** Speaks plain text to a port that expects TLS. */
  readonly plainText?: boolean
}

/** What an opening handshake was answered with. */
export interface HandshakeAnswer {
  /** Null if the connection ended, or the time limit passed, before a whole head arrived. */
  readonly head: HttpHead | null
  readonly ending: Ending | null
  /** The Sec-WebSocket-Key that was sent. */
  readonly key: string
  /** Expects a valid 101 response, and returns the connection. */
  expectAccepted(): Promise<WebSocketPeer>
  /** Expects another status than 101, or the end of the connection. No response at all is a Violation. */
  expectRefused(): void
  /** Expects a response with a 4xx or 5xx status (RFC 6455 4.2.1). */
  expectHttpError(): HttpHead
  /** Sends more bytes on the same connection. */
  sendBytes(bytes: Uint8Array): void
  /** Waits until the target ends the connection or the time limit has passed. A WebSocket frame is a Violation. */
  expectNoFrame(): Promise<void>
}
