import type { Ending } from '#model/model'
import type { Engine } from '#proxies/types'
import type { Endpoint } from './endpoint.ts'
import type { Evidence } from '#peers/kit'

/** Removes credentials, in any encoding, from what is recorded. */
export interface Redactor {
  text(value: string): string
  bytes(value: Uint8Array): Uint8Array
}

/** Reports connections to the scheduler, which has to know which checks were connected when a target crashed. */
export interface ConnectionObserver {
  /** A TCP connection to the target, direct or through a proxy, was opened. The caller calls the result when it ends. */
  opened(route: 'direct' | 'proxy'): (ending: Ending) => void
  /** The target refused a connection, or answered 429 or 503; `retryAfterMs`: the wait it asked for, or null. */
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
  /** The variant of the check that is run (`h2` of `ws/a/b@h2`); null if it has none. */
  readonly variant?: string | null
}

/** Starts a client that is a command. It connects to the address that these words name. */
export interface ClientStarter {
  /** @param words arguments after those of the command. */
  start(words: readonly string[]): { stop(): Promise<void> }
}

/** What all checks of a run share. */
export interface SessionEnvironment {
  /** The servers that the session may talk to, one of each protocol at most. */
  readonly endpoints: readonly Endpoint[]
  /** Starts the client that is judged; null for a target that is a server. */
  readonly client: ClientStarter | null
  readonly engine: Engine | null
  readonly seed: number
  /** Multiplies every limit. */
  readonly timeScale: number
  /** The slowest answer during discovery, in ms: limits last a multiple of it at least. */
  readonly slowestMs?: number
  readonly redactor: Redactor
  /** Waits until one more connection may be opened, if the target limits their rate. Never rejects. */
  readonly acquireConnection?: () => Promise<void>
  readonly observer: ConnectionObserver
}

/** One run of one check: its kit, its evidence, and the owner of everything that it opened. */
export interface Session<Kit> {
  readonly kit: Kit
  evidence(): Evidence
  /** Closes every connection, stream and proxy of this session. Idempotent. */
  close(): Promise<void>
}
