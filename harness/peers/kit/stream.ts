import type { Fault, ConnectionTrace } from '#proxies/types'
import type { Ending, FaultRecord } from '#model/model'
import type { HttpHead, Route } from './http.ts'

/** How to request the stream. What is not given is as the contract says; without a contract, a GET without a body. */
export interface SubscribeOptions {
  readonly via?: Route
  readonly method?: string
  /** Text is sent as UTF-8. */
  readonly body?: string | Uint8Array
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
  readonly trace: ConnectionTrace
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
  expectHeartbeat(
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

/** Where the client's stream is cut, relative to an event that is published while it is connected. */
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
   * How the client loses its stream: the link cuts it by FIN at a place of the bytes, resets it, silences it (the
   * old connection stays half-open), goes down for a time; the client hangs up or resets by itself; or slow links.
   */
  readonly loss:
    | { readonly kind: 'cut'; readonly at: CutPlace }
    | { readonly kind: 'rst' | 'black-hole' | 'client-fin' | 'client-rst' }
    | { readonly kind: 'down'; readonly ms: number }
  /** Events published before the loss, during the gap, while the client reconnects, and after. */
  readonly before?: number
  readonly gap?: number
  readonly race?: number
  readonly after?: number
  /** Data of the i-th event, to which a nonce is added; short text unless told. */
  readonly data?: (index: number) => string
  /** Name of the events; none unless told. Needs `sse.publish.event`. */
  readonly event?: string
  /** Toxics on the connection that resumes. */
  readonly reconnectUnder?: Fault
  /** Times that the loss is repeated in the outcome; 1 unless told. */
  readonly losses?: number
}

/**
 * What the witness (unfaulted, opened before the client) saw, and what the client saw over all its connections.
 * Events are compared by id where ids are shared, else by type and data.
 */
export interface ResumeOutcome {
  readonly witness: readonly StreamEvent[]
  readonly client: readonly StreamEvent[]
  readonly cursor: string
  readonly faults: readonly FaultRecord[]
  expectNothingLost(): void
  expectNothingTwice(): void
  expectOrder(): void
  /** Data of every event that both saw is the same. */
  expectUnaltered(): void
  /** The client's new connection was accepted at the first attempt, within the limit (ms). */
  expectPromptReconnect(): void
}
