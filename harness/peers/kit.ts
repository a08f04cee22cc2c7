import { check as declare } from '../check/check.ts'
import type { Check, DeclaredCheck } from '../check/check.ts'
import type { Ending, FaultRecord, TranscriptEntry } from '../check/model.ts'
import type { Fault, LinkTrace } from '../../proxies/types.ts'
import type { Endpoint } from './endpoint.ts'

/**
 * The verbs that a check may use. Every verb has a limit of its own, says in its `Violation` what it expected, for
 * how long, and what came instead, and turns every socket error into an ending.
 *
 * `expected` and `actual` of a violation are the same text in every run against the same target: no nonces, ports,
 * times or figures of this run; those go into the transcript and `measured`.
 */
export interface Kit {
  // --- WebSocket ---------------------------------------------------------------------------------------------

  /** Opens a connection with a valid handshake, runs the contract's opening exchange, proves it by a Ping with a nonce. */
  readonly connect: (options?: ConnectOptions) => Promise<WebSocketPeer>
  /** Sends an opening handshake, changed as told, and gives the answer for judgement. */
  readonly handshake: (changes?: HandshakeChanges) => Promise<HandshakeAnswer>

  // --- Server-sent events -------------------------------------------------------------------------------------

  /** Opens the stream; resolves when a 200 with an event-stream type has come. */
  readonly subscribe: (options?: SubscribeOptions) => Promise<EventStream>
  /** Sends one HTTP/1.1 request to a target's URL and gives head and the first bytes of the body. Never follows redirects. */
  readonly request: (options?: RequestOptions) => Promise<HttpAnswer>
  /** Publishes one event by the contract's means. */
  readonly publish: (event: Publication) => Promise<void>
  /**
   * Publishes what a publisher may as well refuse: a name with a line break. `refused`: the publisher answered with
   * an error status, or the contract's means cannot express it.
   */
  offer(event: Publication): Promise<'taken' | 'refused'>
  /** Runs the resume story (see `ResumeStory`): witness, victim, fault, gap, reconnect with the cursor. */
  readonly resume: (plan: ResumePlan) => Promise<ResumeStory>

  // --- The link -----------------------------------------------------------------------------------------------

  /**
   * Runs the exchange through an untoxiced proxy (the control), then through the same proxy under the fault, and
   * proves from both traces that the fault struck. A fault that severs ends the exchange early: that is no
   * violation. A fault may be built from the control's trace (`cut after the head and 3 bytes`).
   */
  readonly underFault: (
    fault: Fault | ((control: LinkTrace) => Fault),
    exchange: (via: Route) => Promise<void>,
    options?: UnderFaultOptions,
  ) => Promise<void>

  // --- Everything else ----------------------------------------------------------------------------------------

  /** Clients of others, as conforming peers: `ws`, undici's WebSocket and EventSource. Same route, TLS and headers. */
  readonly clients: ConformingClients
  /** The way to the target's IPv6 address; needs the capability `ipv6`. */
  readonly overIpv6: (transport: 'websocket' | 'sse') => Promise<Route>
  readonly websocket: Endpoint
  readonly sse: Endpoint
  /** Text that is unique in this run: 16 characters of `a-z0-9`. */
  readonly nonce: () => string
  /** Pseudo-random bytes from the run's seed and the check's id: the same in every run with this seed. */
  readonly randomBytes: (length: number) => Uint8Array
  /** Records a figure. Not part of what two equal runs must share. */
  readonly measure: (name: string, value: number | string) => void
  /** Throws the `Violation` unless the condition holds. */
  readonly expect: (holds: boolean, expected: string, actual: string) => void
  /** Runs `count` copies at once, and rejects with the first failure after all have settled. */
  readonly together: <T>(count: number, one: (index: number) => Promise<T>) => Promise<T[]>
  /** Runs `count` copies one after the other. */
  readonly inTurn: <T>(count: number, one: (index: number) => Promise<T>) => Promise<T[]>
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
}

/** A way to the target: direct, or through a proxy. Host, SNI and certificate check are always the target's. */
export interface Route {
  readonly kind: 'direct' | 'proxy'
  readonly host: string
  readonly port: number
  /** Faults in force that end or silence a connection make its ending `by: 'link'`. */
  readonly severs: boolean
  /** Multiplies the waits on this route: a slow link needs patience. 1 unless told. */
  readonly patience?: number
}

export interface UnderFaultOptions {
  /** Which target's link; websocket unless told. */
  readonly transport?: 'websocket' | 'sse'
}

// --- WebSocket --------------------------------------------------------------------------------------------------

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
  readonly unproven?: boolean
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
  readonly trace: LinkTrace
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
  /** The closing handshake, from our side: Close, its answer, end of TCP. */
  close(code?: number, reason?: string): Promise<void>
  /** FIN without a Close frame. */
  finish(): void
  /** RST. */
  reset(): void
}

export interface HttpHead {
  readonly version: string
  readonly status: number
  readonly reason: string
  /** In the order of the wire, names as sent. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly raw: Uint8Array
  /** Values of every header of this name, in order. */
  all(name: string): readonly string[]
  /** First value, or null. */
  get(name: string): string | null
  /** Comma-separated list over all headers of this name; elements trimmed. */
  list(name: string): readonly string[]
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

export interface ConformingClients {
  /** Opens with the `ws` package and gives what is needed to judge; closes with 1000. */
  ws(options?: { readonly via?: Route; readonly echo?: string }): Promise<ClientReport>
  undiciWebSocket(options?: { readonly via?: Route; readonly echo?: string }): Promise<ClientReport>
  /** undici's EventSource: gives the events until `enough`, reconnects included. */
  undiciEventSource(options: {
    readonly via?: Route
    readonly lastEventId?: string
    readonly until: (events: readonly ClientEvent[]) => boolean
    /** Called once the stream is open. */
    readonly opened?: () => Promise<void>
    /**
     * Runs the client over a link of its own that goes down once it has got an event. Called while it is down; then
     * the link comes up again, and the client is waited for. Recorded as the fault `link-down`.
     */
    readonly interrupted?: () => Promise<void>
    /** Called when the client has opened its second stream. */
    readonly returned?: () => Promise<void>
  }): Promise<{ readonly events: readonly ClientEvent[]; readonly opens: number }>
}

export interface ClientEvent {
  readonly type: string
  readonly data: string
  readonly lastEventId: string
}

export interface ClientReport {
  readonly opened: boolean
  readonly echoed: boolean
  readonly closeCode: number | null
  readonly error: string | null
}

// --- Server-sent events -------------------------------------------------------------------------------------------

export interface SubscribeOptions {
  readonly via?: Route
  readonly lastEventId?: string | Uint8Array
  readonly headers?: readonly (readonly [string, string])[]
  /** Headers to leave out, by name (Accept is sent unless left out). */
  readonly without?: readonly string[]
  readonly url?: URL
  readonly httpVersion?: '1.1' | '1.0'
  /** Whether the target is busy is what the check is about: a refusal, 429 or 503 is a violation then. */
  readonly judgesRefusal?: boolean
}

export interface StreamEvent {
  /** `message` unless the event names another. */
  readonly type: string
  readonly data: string
  /** The cursor after this event was dispatched. */
  readonly lastEventId: string
  /** The id field of this very event, or null. */
  readonly id: string | null
  readonly ms: number
  /** Offsets in the body: from the first byte of the block to behind its blank line. */
  readonly from: number
  readonly to: number
}

/** A line of the stream, as the grammar sees it. */
export interface StreamLine {
  readonly kind: 'field' | 'comment' | 'blank'
  readonly name: string
  readonly value: string
  readonly bytes: Uint8Array
  readonly end: 'lf' | 'cr' | 'crlf'
  readonly offset: number
  readonly ms: number
}

/** Something that the strict grammar of HTML's "parsing an event stream" does not allow, and where. */
export interface StreamProblem {
  readonly rule:
    | 'utf8'
    | 'bom'
    | 'unknown-field'
    | 'field-case'
    | 'id-nul'
    | 'retry-not-digits'
    | 'unterminated'
  readonly what: string
  readonly offset: number
}

export interface EventStream {
  readonly response: HttpHead
  readonly route: Route
  /** Body bytes so far, transfer coding removed (bounded: 4 MiB). */
  readonly body: Uint8Array
  readonly lines: readonly StreamLine[]
  /** As a conforming client dispatches them. */
  readonly events: readonly StreamEvent[]
  readonly problems: readonly StreamProblem[]
  /** The cursor: committed at the blank line. */
  readonly lastEventId: string
  /** Reconnection time that the server set, in ms, or null. */
  readonly retry: number | null
  readonly ending: Ending | null
  readonly trace: LinkTrace
  /** Waits for an event that matches; those that came already count. */
  expectEvent(what: string, match: (event: StreamEvent) => boolean, within?: number): Promise<StreamEvent>
  /** Publishes an event with a unique marker and waits for it: all that was published before has come by then. */
  barrier(): Promise<StreamEvent>
  /** The stream delivers: a barrier where events can be published, else the target's next event of its own. */
  expectDelivery(): Promise<StreamEvent>
  /** Waits until something was received that a conforming client could dispatch: `count` events in all. */
  expectEvents(count: number): Promise<readonly StreamEvent[]>
  /** Waits for a line of the stream that matches; those that came already count. `within` as in `expectEvent`. */
  expectLine(
    what: string,
    match: (line: StreamLine, stream: EventStream) => boolean,
    within?: number,
  ): Promise<StreamLine>
  /**
   * Waits for a line that matches, which is owed once the stream has been idle for so long: other bytes put it off,
   * for then there is nothing to keep alive.
   */
  expectBeat(
    what: string,
    match: (line: StreamLine, stream: EventStream) => boolean,
    idleMs: number,
  ): Promise<StreamLine>
  /** Bytes of the body so far, kept or not, in whatever content coding. */
  readonly size: number
  /** Waits until the body has grown beyond this many bytes. */
  expectGrowth(what: string, from: number, within?: number): Promise<void>
  /** The bytes of the body of one event. */
  bytesOf(event: StreamEvent): Uint8Array
  /** Waits for the stream's end, or says that it did not end. */
  expectEnd(): Promise<Ending>
  /** Violation if the stream has ended. With `publish` proven by a barrier, else by waiting `ms` (scaled). */
  expectOpen(ms?: number): Promise<void>
  /** Raw bytes sent upstream after the request. */
  sendBytes(bytes: Uint8Array): void
  close(): void
  reset(): void
}

export interface RequestOptions {
  /** Which target's URL; sse unless told. */
  readonly transport?: 'websocket' | 'sse'
  readonly method?: string
  readonly target?: string
  readonly version?: '1.1' | '1.0'
  readonly headers?: readonly (readonly [string, string])[]
  readonly without?: readonly string[]
  readonly via?: Route
  readonly url?: URL
  readonly maxTls?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
}

export interface HttpAnswer {
  readonly head: HttpHead | null
  readonly ending: Ending | null
  /** First bytes of the body, up to 64 KiB or what came within the limit. */
  readonly body: Uint8Array
  readonly headMs: number | null
  /** Bytes that came behind the end of the response: only watched for behind HEAD. */
  readonly surplus: number
  /** The peer certificate's facts, on TLS. */
  readonly tls: {
    readonly authorized: boolean
    readonly error: string | null
    readonly protocol: string | null
    readonly alpn: string | null
  } | null
  /** The head, or a violation that says that none came. */
  expectHead(): HttpHead
}

export interface Publication {
  /** Text is sent as UTF-8. */
  readonly data: string | Uint8Array
  readonly event?: string
  readonly id?: string
}

/** Where the victim's stream is cut, relative to an event that is published while it is connected. */
export type CutPlace =
  | 'between-events'
  | 'in-field-name'
  | 'in-id'
  | 'in-data'
  | 'in-character'
  | 'before-blank-line'
  | 'in-blank-line'

export interface ResumePlan {
  /**
   * How the victim loses its stream: the link cuts it by FIN at a place of the bytes, resets it, silences it (the
   * old connection stays half-open), goes down for a time; the client hangs up or resets by itself; or slow links.
   */
  readonly loss:
    | { readonly kind: 'cut'; readonly at: CutPlace }
    | { readonly kind: 'rst' | 'black-hole' | 'client-fin' | 'client-rst' }
    | { readonly kind: 'down'; readonly ms: number }
  /** Events published before the loss, during the gap, while the victim reconnects, and after. */
  readonly before?: number
  readonly gap?: number
  readonly race?: number
  readonly after?: number
  /** Data of the i-th event, to which a nonce is added; short text unless told. */
  readonly data?: (index: number) => string
  /** Name of the events; none unless told. Needs `sse.publish.event`. */
  readonly event?: string
  /** Toxics on the connection that resumes. */
  readonly resumeUnder?: Fault
  /** Times that the loss is repeated in the story; 1 unless told. */
  readonly losses?: number
}

/**
 * What the witness (unfaulted, opened before the victim) saw, and what the victim saw over all its connections.
 * Events are compared by id where ids are shared, else by type and data.
 */
export interface ResumeStory {
  readonly witness: readonly StreamEvent[]
  readonly victim: readonly StreamEvent[]
  readonly cursor: string
  readonly faults: readonly FaultRecord[]
  expectNothingLost(): void
  expectNothingTwice(): void
  expectOrder(): void
  /** Data of every event that both saw is the same. */
  expectUnaltered(): void
  /** The victim's new connection was accepted at the first attempt, within the limit (ms). */
  expectPromptReconnect(): void
}

// --- Declaring --------------------------------------------------------------------------------------------------

/** Declares a check whose run function is handed this kit. */
export const check: (definition: Check<Kit>) => DeclaredCheck<Kit> = declare

/** What one run of a check leaves behind besides its outcome. */
export interface Evidence {
  readonly transcript: readonly TranscriptEntry[]
  readonly faults: readonly FaultRecord[]
  readonly measured: Readonly<Record<string, number | string>>
  /** Ending of the connection that the check judged last, if it ended. */
  readonly close: Ending | null
}
