import { Inconclusive, Violation } from '#model/errors'
import type { Outcome } from '#model/judge'
import type { Ending } from '#model/model'
import type { PlacedCheck } from '#model/catalogue'
import type { Evidence } from '#peers/kit'
import type { ConnectionObserver, SessionEnvironment } from '#peers/session/session'
import { Severed } from '#peers/faults/severed'
import { EngineError } from '#proxies/types'
import { deferred } from '#common/deferred'
import { inScopeOf } from './late.ts'
import type { RunTools, SessionOf } from './tools.ts'

/** A connection of an attempt; times of the monotonic clock. */
export interface Connection {
  readonly route: 'direct' | 'proxy'
  readonly from: number
  /** Null while it stands. */
  readonly to: number | null
  readonly ending: Ending | null
}

export type Refusal = Parameters<ConnectionObserver['refused']>[0]

/** One run of one check, and what the scheduler needs to know about it. */
export interface Attempt {
  readonly outcome: Outcome
  readonly evidence: Evidence
  readonly durationMs: number
  readonly startedAt: number
  readonly endedAt: number
  readonly connections: readonly Connection[]
  readonly refusals: readonly Refusal[]
  /** The longest wait that a refusal asked for, in ms; null where none did. */
  readonly retryAfterMs: number | null
  /** The run was stopped, or the target died, before this attempt came to its end: it says nothing. */
  readonly cut: boolean
}

/** What an attempt tells while it is under way. */
export interface AttemptWatch {
  opened(connection: Connection): void
  ended(connection: Connection): void
  refused(how: Refusal): void
  /** An error that nobody caught came after the attempt had settled. */
  late(error: unknown): void
}

export interface RunningAttempt {
  readonly connections: readonly Connection[]
  readonly settled: Promise<Attempt>
  /** Ends it at once; it settles with `cut`. */
  cut(): void
}

/** How long closing what a check opened may take, in ms, before it is left behind. */
export const closingMs = 5000

/**
 * Starts a check in a scope of its own. The promise never rejects: whatever is thrown, whenever, becomes an outcome.
 * @param budgetMs when it is spent, the outcome is `out-of-time`.
 */
export function startAttempt<Kit>(
  check: PlacedCheck<Kit>,
  tools: RunTools<Kit>,
  environment: Omit<SessionEnvironment, 'observer'>,
  budgetMs: number,
  watch: AttemptWatch,
): RunningAttempt {
  const connections: Connection[] = []
  const refusals: Refusal[] = []
  let retryAfterMs: number | null = null
  const interrupt = deferred<Outcome | 'cut'>()
  const startedAt = performance.now()
  let over = false
  const observer: ConnectionObserver = {
    opened(route) {
      const index = connections.length
      const standing: Connection = { route, from: performance.now(), to: null, ending: null }
      connections.push(standing)
      watch.opened(standing)
      return (ending) => {
        const ended = { ...standing, to: performance.now(), ending }
        connections[index] = ended
        watch.ended(ended)
      }
    },
    refused(how, afterMs = null) {
      refusals.push(how)
      if (afterMs !== null) retryAfterMs = Math.max(retryAfterMs ?? 0, afterMs)
      watch.refused(how)
    },
  }
  const culprit = {
    id: check.id,
    charge(error: unknown): void {
      if (over) watch.late(error)
      else interrupt.resolve({ kind: 'crashed', error })
    },
  }
  const run = async (): Promise<Attempt> => {
    let session: SessionOf<Kit> | null = null
    let ended: Outcome | 'cut'
    const budget = setTimeout(() => interrupt.resolve(outOfTime()), budgetMs)
    try {
      session = tools.openSession({ ...environment, observer }, check.id)
      // The check may go on for a while after an interruption, until its session is closed: nobody listens then.
      ended = await Promise.race([outcomeOf(check, session.kit), interrupt.promise])
    } catch (error) {
      ended = { kind: 'crashed', error }
    } finally {
      clearTimeout(budget)
    }
    const durationMs = performance.now() - startedAt
    const evidence = session?.evidence() ?? nothing
    const unclosed = session === null ? null : await closed(session)
    const crashed = unclosed ?? (await lateIn(interrupt.promise, ended))
    over = true
    const outcome: Outcome =
      crashed ?? (ended === 'cut' ? { kind: 'crashed', error: new Error('cut') } : ended)
    return {
      outcome,
      evidence,
      durationMs,
      startedAt,
      endedAt: performance.now(),
      connections,
      refusals,
      retryAfterMs,
      cut: ended === 'cut',
    }
  }
  return { connections, settled: inScopeOf(culprit, run), cut: () => interrupt.resolve('cut') }
}

const nothing: Evidence = { transcript: [], faults: [], measured: {}, close: null }

async function outcomeOf<Kit>(check: PlacedCheck<Kit>, kit: Kit): Promise<Outcome> {
  try {
    await check.run(kit)
    return { kind: 'held' }
  } catch (error) {
    if (error instanceof Violation) return { kind: 'violated', violation: error }
    if (error instanceof Inconclusive) return { kind: 'inconclusive', cause: error }
    // An exchange over a severing link that did not even begin: no verb of the peers was there to take it.
    if (error instanceof Severed) {
      return {
        kind: 'inconclusive',
        cause: new Inconclusive('fault-not-proven', error.message, { cause: error }),
      }
    }
    if (error instanceof EngineError) {
      return {
        kind: 'inconclusive',
        cause: new Inconclusive('engine-failed', error.message, { cause: error }),
      }
    }
    return { kind: 'crashed', error }
  }
}

function outOfTime(): Outcome {
  return {
    kind: 'inconclusive',
    cause: new Inconclusive(
      'out-of-time',
      'the time budget of the check was spent before it could be judged',
    ),
  }
}

/** Closes a session within a limit. Gives the outcome of a session that cannot be closed. */
async function closed(session: SessionOf<unknown>): Promise<Outcome | null> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<Outcome>((resolve) => {
    const error = new Error(`what the check opened was not closed within ${closingMs / 1000} s`)
    timer = setTimeout(() => resolve({ kind: 'crashed', error }), closingMs)
  })
  try {
    return await Promise.race([session.close().then(() => null), limit])
  } catch (error) {
    return { kind: 'crashed', error }
  } finally {
    clearTimeout(timer)
  }
}

/** What was charged to the check while its session was being closed: after its own end, but before it settled. */
async function lateIn(
  interruption: Promise<Outcome | 'cut'>,
  ended: Outcome | 'cut',
): Promise<Outcome | null> {
  const late = await Promise.race([interruption, Promise.resolve(null)])
  return late === null || late === 'cut' || late === ended || late.kind !== 'crashed' ? null : late
}
