import { check as declare } from '#model/check'
import type { Check, DeclaredCheck } from '#model/check'
import type { SharedCapability } from '#model/protocol'
import type { SseCapability } from '#protocols/sse/capabilities'
import type { WebSocketCapability } from '#protocols/websocket/capabilities'
import type { ConnectionTrace, Fault } from '#proxies/types'
import type { Ending, FaultRecord, TranscriptEntry } from '#model/model'
import type { Endpoint } from '#peers/session/endpoint'
import type { HttpAnswer, Publication, RequestOptions, Route } from './http.ts'
import type { ConformingClients } from './clients.ts'
import type { ResumeOutcome, ResumePlan } from './resume.ts'
import type { EventStream, SubscribeOptions } from './sse.ts'
import type { ConnectOptions, HandshakeAnswer, HandshakeChanges, WebSocketPeer } from './websocket.ts'

export type { Section } from '#model/check'
export type { Expectation } from '#model/expectation'
export type { Clause, Level } from '#model/model'
export { acceptValueOf, filled, hex, percentile } from './values.ts'
export { holdsNonce } from './nonce.ts'
export type * from './clients.ts'
export type * from './http.ts'
export type * from './resume.ts'
export type * from './sse.ts'
export type * from './websocket.ts'

/**
 * The verbs that a check may use. A verb has a time limit of its own and turns every socket error into an ending. It
 * throws
 *
 * - a `Violation` if the target breaks the requirement: with what was expected and what happened instead;
 * - `Inconclusive` if the target cannot be judged: it refuses connections, a fault is not proven, nothing is published.
 *
 * Any other error is a bug of the check or of the harness. `expected` and `actual` of a Violation must be the same text
 * in every run against the same target: nonces, ports, times and measured values belong in `measure` and the transcript.
 *
 * Whatever a check opens is closed when it ends, so that a check needs no cleaning up.
 */
export interface Kit {
  // --- WebSocket ---------------------------------------------------------------------------------------------

  /**
   * Opens a connection with a valid handshake and runs the contract's opening exchange; then a Ping and its Pong show
   * that the connection works.
   */
  readonly connect: (options?: ConnectOptions) => Promise<WebSocketPeer>
  /** Sends an opening handshake with these changes and returns the response, whatever it is. */
  readonly handshake: (changes?: HandshakeChanges) => Promise<HandshakeAnswer>

  // --- Event streams and HTTP ---------------------------------------------------------------------------------

  /** Requests the stream, and expects a response with status 200 and the type text/event-stream. */
  readonly subscribe: (options?: SubscribeOptions) => Promise<EventStream>
  /** Sends one HTTP request and returns the response, whatever it is. Does not follow redirects. */
  readonly request: (options?: RequestOptions) => Promise<HttpAnswer>
  /** Publishes an event by the contract's means. `Inconclusive` if the publisher does not answer with a 2xx status. */
  readonly publish: (event: Publication) => Promise<void>
  /**
   * Publishes an event that a publisher may well reject, such as one whose name has a line break. `rejected`: it
   * answered with an error status, or HTTP cannot carry it where the contract puts it.
   */
  tryPublish(event: Publication): Promise<'accepted' | 'rejected'>
  /** Runs a resume scenario: the client loses its connection and reconnects with the id of the last event it received. */
  readonly resume: (plan: ResumePlan) => Promise<ResumeOutcome>

  // --- Faults -------------------------------------------------------------------------------------------------

  /**
   * Runs an exchange through a proxy without a fault (the control), then through the same proxy under the fault. What our
   * socket observed both times has to prove the fault; otherwise the check is inconclusive. The exchange has to use the
   * route it is given. If the fault severs, the exchange ends early, which is no violation. A fault may be made from the
   * control: `(control) => cutAfter({ bytes: control.openedAtServerToClientBytes + 3, ... })`.
   */
  readonly underFault: (
    fault: Fault | ((control: ConnectionTrace) => Fault),
    exchange: (via: Route) => Promise<void>,
    options?: UnderFaultOptions,
  ) => Promise<void>

  // --- Everything else ----------------------------------------------------------------------------------------

  /** Clients that other people wrote: `ws`, undici's WebSocket and `eventsource`. */
  readonly clients: ConformingClients
  /** The way to the target's IPv6 address; needs the capability `ipv6`. */
  readonly overIpv6: () => Promise<Route>
  readonly websocket: Endpoint
  readonly sse: Endpoint
  /** A text that is unique over all runs: 16 characters of `a-z0-9`. */
  readonly nonce: () => string
  /** Pseudo-random bytes, the same in every run with this seed: they depend on the seed and the id of the check. */
  readonly randomBytes: (length: number) => Uint8Array
  /** Records a measured value for the report. */
  readonly measure: (name: string, value: number | string) => void
  /** Throws a Violation with these texts unless the condition holds. */
  readonly expect: (holds: boolean, expected: string, actual: string) => void
  /** Runs `count` copies at once. Throws the first failure after all have settled. */
  readonly inParallel: <T>(count: number, run: (index: number) => Promise<T>) => Promise<T[]>
  /** Runs `count` copies one after the other. */
  readonly inSequence: <T>(count: number, run: (index: number) => Promise<T>) => Promise<T[]>
  /** Milliseconds of a monotonic clock since the check began. */
  readonly now: () => number
}

export interface UnderFaultOptions {
  /** Whose link; by default that of the check's own protocol. */
  readonly protocol?: string
}

/** What a check may need of its target. */
export type Capability = WebSocketCapability | SseCapability | SharedCapability

/** Declares a check, whose `run` is called with the kit. */
export const check: (definition: Check<Kit, Capability>) => DeclaredCheck<Kit> = declare

/** What is recorded of one run of a check, besides its verdict. */
export interface Evidence {
  readonly transcript: readonly TranscriptEntry[]
  readonly faults: readonly FaultRecord[]
  readonly measured: Readonly<Record<string, number | string>>
  /** How the connection that the check judged last ended; null if it did not. */
  readonly close: Ending | null
}
