import type { Ending } from '#model/model'
import type { ConnectionTrace } from '#proxies/types'
import type { HttpHead, Route } from './http.ts'

/**
 * How to request an event stream. What is not given is as the contract says, and a GET without a body by default.
 */
export interface SubscribeOptions {
  readonly via?: Route
  readonly method?: string
  /** Text is sent as UTF-8. */
  readonly body?: string | Uint8Array
  /** Sent as Last-Event-ID. Text is sent as UTF-8. */
  readonly lastEventId?: string | Uint8Array
  /** Replace headers of the same name, or are added. */
  readonly headers?: readonly (readonly [string, string])[]
  /** Names of headers to leave out: Accept, Accept-Encoding and Cache-Control are sent by default. */
  readonly without?: readonly string[]
  /** Another address of the target, such as its plain-text one. */
  readonly url?: URL
  readonly httpVersion?: '1.1' | '1.0'
  /** The check is about how many connections the target accepts: a refusal, 429 or 503 is then a Violation. */
  readonly judgesRefusal?: boolean
}

/** An event as a conforming client dispatches it (HTML, "interpreting an event stream"). */
export interface StreamEvent {
  /** `message` unless the event has a name. */
  readonly type: string
  readonly data: string
  /** The stream's last event id after this event. */
  readonly lastEventId: string
  /** The id field of this very event, or null. */
  readonly id: string | null
  /** When its last byte arrived, in ms of the session. */
  readonly ms: number
  /** Offsets in the body: from the first byte of its first line up to and including the empty line that ends it. */
  readonly from: number
  readonly to: number
}

/** A line of the stream (HTML, "parsing an event stream"). */
export interface StreamLine {
  readonly kind: 'field' | 'comment' | 'blank'
  readonly name: string
  readonly value: string
  /** Without the end of the line. */
  readonly bytes: Uint8Array
  readonly end: 'lf' | 'cr' | 'crlf'
  /** Offset in the body of its first byte. */
  readonly offset: number
  readonly ms: number
}

/** Something that the grammar of HTML, "parsing an event stream", does not allow. */
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
  /** Offset in the body. */
  readonly offset: number
}

/**
 * An open event stream. Every `expect…` waits until something has happened or a time limit has passed, and then throws a
 * Violation. What arrived before the call counts as well. Comments, heartbeats and events of other publishers are
 * ignored. `what` names in the report what was expected. A time limit in ms (`within`) is multiplied by the run's time
 * scale.
 */
export interface EventStream {
  readonly response: HttpHead
  readonly route: Route
  /** The body so far, without its transfer coding. At most 4 MiB are kept. */
  readonly body: Uint8Array
  /** Bytes of the body so far, including those that are no longer kept, in whatever content coding. */
  readonly size: number
  readonly lines: readonly StreamLine[]
  readonly events: readonly StreamEvent[]
  readonly problems: readonly StreamProblem[]
  /** The id that a client would reconnect with. It changes at the empty line that ends an event. */
  readonly lastEventId: string
  /** The reconnection time that the target set, in ms; null if it set none. */
  readonly retry: number | null
  /** How the stream ended; null while it is open. */
  readonly ending: Ending | null
  readonly trace: ConnectionTrace
  /** Waits for an event that matches. */
  expectEvent(what: string, match: (event: StreamEvent) => boolean, within?: number): Promise<StreamEvent>
  /** Waits until there are `count` events in all. */
  expectEvents(count: number): Promise<readonly StreamEvent[]>
  /** Waits for a line that matches. */
  expectLine(
    what: string,
    match: (line: StreamLine, stream: EventStream) => boolean,
    within?: number,
  ): Promise<StreamLine>
  /**
   * Waits for a line that matches within `idleMs` in which no other byte arrives: a stream that delivers other bytes
   * needs no heartbeat, so those begin the time anew.
   */
  expectHeartbeat(
    what: string,
    match: (line: StreamLine, stream: EventStream) => boolean,
    idleMs: number,
  ): Promise<StreamLine>
  /** Waits until the body has more than `from` bytes. */
  expectGrowth(what: string, from: number, within?: number): Promise<void>
  /** Publishes an event with a unique text and waits for it: whatever was published before has then arrived. */
  barrier(): Promise<StreamEvent>
  /** Waits until the stream delivers: a barrier if events can be published, else the next event of the target's own. */
  expectDelivery(): Promise<StreamEvent>
  /** Expects that the stream is not ended: up to a barrier; with `ms`, or if nothing can be published, for that time. */
  expectOpen(ms?: number): Promise<void>
  /** Waits until the target has ended the stream. */
  expectEnd(): Promise<Ending>
  /** The bytes of one event in the body. */
  bytesOf(event: StreamEvent): Uint8Array
  /** Sends bytes after the request. */
  sendBytes(bytes: Uint8Array): void
  /** Ends the connection by FIN. */
  close(): void
  /** Ends the connection by RST. */
  reset(): void
}
