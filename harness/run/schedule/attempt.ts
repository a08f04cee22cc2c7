import { Inconclusive, Violation } from '#model/errors'
import type { Outcome } from '#model/judge'
import type { Ending } from '#model/model'
import type { PlacedCheck } from '#model/catalogue'
import type { Evidence } from '#peers/kit'
import type { ConnectionObserver, SessionEnvironment } from '#peers/session/session'
import { Severed } from '#peers/faults/severed'
import { EngineError } from '#proxies/types'
import { deferred } from '#common/deferred'
import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { inScopeOf } from './late-errors.ts'
import type { RunTools, SessionOf } from './tools.ts'

/** A connection of an attempt to its target; times in ms of a monotonic clock. */
export interface ConnectionRecord {
  readonly route: 'direct' | 'proxy'
  readonly openedAt: number
  /** Null while it is open, as is `ending`. */
  readonly endedAt: number | null
  readonly ending: Ending | null
}

export type Refusal = Parameters<ConnectionObserver['refused']>[0]

/** One run of one check, with what the scheduler needs to know about it. */
export interface Attempt {
  readonly outcome: Outcome
  readonly evidence: Evidence
  readonly durationMs: number
  readonly startedAt: number
  readonly endedAt: number
  readonly connections: readonly ConnectionRecord[]
  readonly refusals: readonly Refusal[]
  /** The longest wait that a refusal asked for, in ms; null if none did. */
  readonly retryAfterMs: number | null
  /** The run was stopped, or the target crashed, before the check was done: the outcome means nothing. */
  readonly interrupted: boolean
}

/** Is notified while an attempt runs. */
export interface AttemptObserver {
  opened(connection: ConnectionRecord): void
  ended(connection: ConnectionRecord): void
  refused(how: Refusal): void
  /** The check threw an error that nobody caught, after the attempt had settled. */
  late(error: unknown): void
}

export interface RunningAttempt {
  /** All connections so far. */
  readonly connections: readonly ConnectionRecord[]
  readonly settled: Promise<Attempt>
  /** Ends it at once; it settles as `interrupted`. */
  interrupt(): void
}

/** How long closing the connections of a check may take, in ms, before that is an error in Streamproof. */
export const closingMs = 5000

/**
 * Starts a check in a scope of its own. The promise never rejects: whatever is thrown, at any time, becomes an outcome.
 * @param budgetMs after this many ms the outcome is inconclusive, `out-of-time`.
 */
export function startAttempt<Kit>(
  check: PlacedCheck<Kit>,
  tools: RunTools<Kit>,
  environment: Omit<SessionEnvironment, 'observer'>,
  budgetMs: number,
  watcher: AttemptObserver,
): RunningAttempt {
  const clock = tools.clock ?? systemClock
  const connections: ConnectionRecord[] = []
  const refusals: Refusal[] = []
  let retryAfterMs: number | null = null
  const interruption = deferred<Outcome | 'interrupted'>()
  const startedAt = clock.now()
  let hasSettled = false
  const observer: ConnectionObserver = {
    opened(route) {
      const index = connections.length
      const open: ConnectionRecord = { route, openedAt: clock.now(), endedAt: null, ending: null }
      connections.push(open)
      watcher.opened(open)
      return (ending) => {
        const ended = { ...open, endedAt: clock.now(), ending }
        connections[index] = ended
        watcher.ended(ended)
      }
    },
    refused(how, afterMs = null) {
      refusals.push(how)
      if (afterMs !== null) retryAfterMs = Math.max(retryAfterMs ?? 0, afterMs)
      watcher.refused(how)
    },
  }
  const owner = {
    id: check.id,
    uncaught(error: unknown): void {
      if (hasSettled) watcher.late(error)
      else interruption.resolve({ kind: 'crashed', error })
    },
  }
  const run = async (): Promise<Attempt> => {
    let session: SessionOf<Kit> | null = null
    let ended: Outcome | 'interrupted'
    const cancelBudget = clock.after(budgetMs, () => interruption.resolve(outOfTime()))
    try {
      session = tools.openSession({ ...environment, observer }, check)
      // After an interruption the check may go on until its session is closed; its outcome is ignored.
      ended = await Promise.race([outcomeOf(check, session.kit), interruption.promise])
    } catch (error) {
      ended = { kind: 'crashed', error }
    } finally {
      cancelBudget()
    }
    const durationMs = clock.now() - startedAt
    const evidence = session?.evidence() ?? noEvidence
    const closingError = session === null ? null : await close(session, clock)
    const crashed = closingError ?? (await uncaughtWhileClosing(interruption.promise, ended))
    hasSettled = true
    const outcome: Outcome =
      crashed ?? (ended === 'interrupted' ? { kind: 'crashed', error: new Error('interrupted') } : ended)
    return {
      outcome,
      evidence,
      durationMs,
      startedAt,
      endedAt: clock.now(),
      connections,
      refusals,
      retryAfterMs,
      interrupted: ended === 'interrupted',
    }
  }
  return {
    connections,
    settled: inScopeOf(owner, run),
    interrupt: () => interruption.resolve('interrupted'),
  }
}

const noEvidence: Evidence = { transcript: [], faults: [], measured: {}, close: null }

async function outcomeOf<Kit>(check: PlacedCheck<Kit>, kit: Kit): Promise<Outcome> {
  try {
    await check.run(kit)
    return { kind: 'held' }
  } catch (error) {
    if (error instanceof Violation) return { kind: 'violated', violation: error }
    if (error instanceof Inconclusive) return { kind: 'inconclusive', cause: error }
    // A severing fault ended an exchange before it began, so no verb of the peers handled it.
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

/** Closes a session within a limit. Returns the outcome of one that cannot be closed, otherwise null. */
async function close(session: SessionOf<unknown>, clock: Clock): Promise<Outcome | null> {
  let cancel = (): void => undefined
  const limit = new Promise<Outcome>((resolve) => {
    const error = new Error(`closing the connections of the check took longer than ${closingMs / 1000} s`)
    cancel = clock.after(closingMs, () => resolve({ kind: 'crashed', error }))
  })
  try {
    return await Promise.race([session.close().then(() => null), limit])
  } catch (error) {
    return { kind: 'crashed', error }
  } finally {
    cancel()
  }
}

/** The outcome of an error that nobody caught after the check had ended, while its session was being closed. */
async function uncaughtWhileClosing(
  interruption: Promise<Outcome | 'interrupted'>,
  ended: Outcome | 'interrupted',
): Promise<Outcome | null> {
  const latest = await Promise.race([interruption, Promise.resolve(null)])
  return latest === null || latest === 'interrupted' || latest === ended || latest.kind !== 'crashed'
    ? null
    : latest
}
