import type { Ending } from '#model/model'
import type { Engine } from '#proxies/types'
import type { Endpoint } from './endpoint.ts'
import type { Evidence } from '#peers/kit'

/** Takes credentials out of whatever is about to be recorded, in every encoding that it may appear in. */
export interface Redactor {
  text(value: string): string
  bytes(value: Uint8Array): Uint8Array
}

/** What happens to connections, as the scheduler wants to know it: which checks were connected when a target crashed. */
export interface ConnectionObserver {
  /** A TCP connection to the target, direct or through the link, stands. Call the result when it ends. */
  opened(route: 'direct' | 'proxy'): (ending: Ending) => void
  /** The target refused a connection, or answered 429 or 503; `retryAfterMs`: when it wants to be asked again. */
  refused(
    how: 'econnrefused' | 'econnreset' | 'status-429' | 'status-503' | 'timeout',
    retryAfterMs?: number | null,
  ): void
}

/** What a session is opened for. */
export interface SessionCheck {
  readonly id: string
  /** The id of its protocol; null for a check that compares protocols. */
  readonly protocol: string | null
  /** The variant of the check that is run (`h2` of `ws/a/b@h2`); null where it has none. */
  readonly variant?: string | null
}

/** What all checks of a run share. */
export interface SessionEnvironment {
  /** The servers that the session may talk to, one of each protocol at most. */
  readonly endpoints: readonly Endpoint[]
  readonly engine: Engine | null
  readonly seed: number
  /** Multiplies every limit. */
  readonly timeScale: number
  /** The slowest answer that discovery got, in ms: no answer is waited for less than some times as long. */
  readonly slowestMs?: number
  readonly redactor: Redactor
  /** Waits until one more connection may be opened, if the target limits their rate. Never rejects. */
  readonly acquireConnection?: () => Promise<void>
  readonly observer: ConnectionObserver
}

/** One run of one check: its kit, what it leaves behind, and the owner of all that it opened. */
export interface Session<Kit> {
  readonly kit: Kit
  evidence(): Evidence
  /** Closes every connection, stream and link of this session. Idempotent. */
  close(): Promise<void>
}
