import { check as declare } from '#model/check'
import type { Check, DeclaredCheck } from '#model/check'
import type { Fault, ConnectionTrace } from '#proxies/types'
import type { Ending, FaultRecord, TranscriptEntry } from '#model/model'
import type { Endpoint } from '#peers/session/endpoint'
import type { HttpAnswer, Publication, RequestOptions, Route } from './http.ts'
import type { EventStream, ResumePlan, ResumeOutcome, SubscribeOptions } from './stream.ts'
import type { ConnectOptions, HandshakeAnswer, HandshakeChanges, WebSocketPeer } from './websocket.ts'

export type { Section } from '#model/check'
export type { Expectation } from '#model/expectation'
export type { Clause, Level } from '#model/model'
export { acceptValueOf, filled, hex } from './bytes.ts'
export { percentile } from './figures.ts'
export { holdsNonce } from './nonce.ts'
export type * from './http.ts'
export type * from './websocket.ts'
export type * from './stream.ts'

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
   * Publishes what a publisher may as well refuse: a name with a line break. `rejected`: the publisher answered with
   * an error status, or the contract's means cannot express it.
   */
  tryPublish(event: Publication): Promise<'accepted' | 'rejected'>
  /** Runs the resume scenario (see `ResumeOutcome`): witness, client, fault, gap, reconnect with the cursor. */
  readonly resume: (plan: ResumePlan) => Promise<ResumeOutcome>

  // --- The link -----------------------------------------------------------------------------------------------

  /**
   * Runs the exchange through an untoxiced proxy (the control), then through the same proxy under the fault, and
   * proves from both traces that the fault struck. A fault that severs ends the exchange early: that is no
   * violation. A fault may be built from the control's trace (`cut after the head and 3 bytes`).
   */
  readonly underFault: (
    fault: Fault | ((control: ConnectionTrace) => Fault),
    exchange: (via: Route) => Promise<void>,
    options?: UnderFaultOptions,
  ) => Promise<void>

  // --- Everything else ----------------------------------------------------------------------------------------

  /** Clients of others, as conforming peers: `ws`, undici's WebSocket, `eventsource`. Same route, TLS and headers. */
  readonly clients: ConformingClients
  /** The way to the target's IPv6 address; needs the capability `ipv6`. */
  readonly overIpv6: (protocol: 'websocket' | 'sse') => Promise<Route>
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
  readonly inParallel: <T>(count: number, one: (index: number) => Promise<T>) => Promise<T[]>
  /** Runs `count` copies one after the other. */
  readonly inSequence: <T>(count: number, one: (index: number) => Promise<T>) => Promise<T[]>
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
}

export interface UnderFaultOptions {
  /** Which target's link; websocket unless told. */
  readonly protocol?: 'websocket' | 'sse'
}

// --- WebSocket --------------------------------------------------------------------------------------------------

export interface ConformingClients {
  /** Opens with the `ws` package and gives what is needed to judge; closes with 1000. */
  ws(options?: { readonly via?: Route; readonly echo?: string }): Promise<ClientReport>
  undiciWebSocket(options?: { readonly via?: Route; readonly echo?: string }): Promise<ClientReport>
  /** The `eventsource` package: gives the events until `until` holds, those after a reconnect included. */
  eventSource(options: {
    readonly via?: Route
    readonly lastEventId?: string
    readonly until: (events: readonly ClientEvent[]) => boolean
    /** Called once the stream is open. */
    readonly onOpen?: () => Promise<void>
    /**
     * Runs the client over a link of its own that goes down once it has got an event. Called while it is down; then
     * the link comes up again, and the client is waited for. Recorded as the fault `link-down`.
     */
    readonly whileLinkDown?: () => Promise<void>
    /** Called when the client has opened its second stream. */
    readonly onReconnect?: () => Promise<void>
  }): Promise<{ readonly events: readonly ClientEvent[]; readonly opens: number }>
}

export interface ClientEvent {
  readonly type: string
  readonly data: string
  /** The id of this very event; empty if it has none: the package does not repeat that of an earlier one. */
  readonly lastEventId: string
}

export interface ClientReport {
  readonly opened: boolean
  readonly echoed: boolean
  readonly closeCode: number | null
  readonly error: string | null
}

// --- Server-sent events -------------------------------------------------------------------------------------------

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
