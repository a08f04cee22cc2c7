import type { FaultRecord } from '#model/model'
import type { Fault } from '#proxies/types'
import type { StreamEvent } from './sse.ts'

/** Where in an event the client's stream is cut. */
export type CutPlace =
  | 'between-events'
  | 'in-field-name'
  | 'in-id'
  | 'in-data'
  | 'in-character'
  | 'before-blank-line'
  | 'in-blank-line'

/** What happens in a resume scenario: events before the loss, the loss, events in the gap, the reconnect, events after. */
export interface ResumePlan {
  /**
   * How the client loses its connection:
   * - `cut`: the proxy ends it by FIN at a place of an event;
   * - `rst`: the proxy resets it;
   * - `black-hole`: the proxy drops what the target sends, and the connection stays half-open;
   * - `down`: the link is down for `ms`;
   * - `client-fin`, `client-rst`: the client closes or resets it.
   */
  readonly loss:
    | { readonly kind: 'cut'; readonly at: CutPlace }
    | { readonly kind: 'rst' | 'black-hole' | 'client-fin' | 'client-rst' }
    | { readonly kind: 'down'; readonly ms: number }
  /** How often the client loses its connection; 1 by default. */
  readonly losses?: number
  /** Number of events sent while the client is connected, before each loss; 2 by default, at least 1. */
  readonly before?: number
  /** Number of events sent while the client has no connection; 3 by default. */
  readonly gap?: number
  /** Number of events sent while the client reconnects; 2 by default. */
  readonly race?: number
  /** Number of events sent after the client has reconnected; 2 by default. */
  readonly after?: number
  /** The data of the i-th event; a short text by default. A nonce is appended to it. */
  readonly data?: (index: number) => string
  /** The name of every event; none by default. Needs the capability `sse.publish.event`. */
  readonly event?: string
  /** The fault on the connection of the last reconnect. One that severs makes no sense here. */
  readonly reconnectUnder?: Fault
}

/**
 * What two clients received: the witness, which is connected before the first event and never faulted, and the client,
 * which lost its connection, over all of its connections. Events are recognised by id if both received them with the
 * same ids, else by type and data.
 */
export interface ResumeOutcome {
  readonly witness: readonly StreamEvent[]
  readonly client: readonly StreamEvent[]
  /** The Last-Event-ID of the last reconnect. */
  readonly cursor: string
  readonly faults: readonly FaultRecord[]
  /** The client received every event that the witness received since the client first connected. */
  expectNothingLost(): void
  /** The client received no event twice. */
  expectNothingTwice(): void
  /** The client received the events in the order of the witness. */
  expectOrder(): void
  /** Every event that both received has the same type and data. */
  expectUnaltered(): void
  /** The first attempt to reconnect was accepted within the time limit. */
  expectPromptReconnect(): void
}
