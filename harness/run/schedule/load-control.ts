import type { Attempt } from './attempt.ts'
import { classifyAttempt, droppedAtOnce, isRateLimited } from './classify.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import { ConnectionRateLimiter } from './connection-rate-limiter.ts'

/** Checks at once while connections are made at intervals: more would only wait for each other. */
const maxRateLimitedJobs = 4

const findings = {
  rateLimited: 'target rate-limits connections; slowing down',
  concurrencyLimited: 'target limits concurrent connections; running fewer checks at once',
  refusesAlways: 'target keeps refusing connections after every pause; no longer waiting for it',
} as const

/** What happened around an attempt that has ended. */
export interface AttemptContext {
  /** Identifies the check. */
  readonly check: object
  /** The target crashed, and that has not been dealt with. */
  readonly crashed: boolean
  /** Other checks ran at the same time. */
  readonly hadCompanions: boolean
  /** The checks that are running, this one included. */
  readonly running: number
  readonly now: number
}

export type AttemptDecision =
  /** It counts. */
  | 'keep'
  /** The target crashed meanwhile: the check is a suspect. */
  | 'discard'
  /** It says nothing, and the check runs again. */
  | 'retry'
  /** As `retry`, because the target accepts fewer connections than were open. */
  | 'retry-refused'

/**
 * Adapts a run to what the target accepts: fewer checks at once, slower connections. Each finding is reported once. Keeps
 * no time itself.
 */
export class LoadControl {
  readonly rateLimiter = new ConnectionRateLimiter()
  readonly #concurrency: ConcurrencyLimit
  readonly #finding: (text: string) => void
  readonly #reported = new Set<string>()

  /** @param jobs the most checks at once. */
  constructor(jobs: number, finding: (text: string) => void) {
    this.#concurrency = new ConcurrencyLimit(jobs)
    this.#finding = finding
  }

  /** How many checks may run at once. */
  get maxRunning(): number {
    const { value } = this.#concurrency
    return this.rateLimiter.intervalMs > 0 ? Math.min(maxRateLimitedJobs, value) : value
  }

  /** Decides what to do with an attempt, and learns from it how much the target accepts. */
  attemptEnded(attempt: Attempt, context: AttemptContext): AttemptDecision {
    const limitLowered = this.#concurrency.isLowered
    const { check, hadCompanions, now } = context
    const kind = classifyAttempt(attempt, { ...context, limitLowered })
    if (kind === 'lost-in-crash') return 'discard'
    if (kind === 'interrupted') return 'retry'
    if (kind === 'too-many-connections') {
      this.#lowerConcurrency(attempt, context)
      if (attempt.retryAfterMs !== null) this.rateLimiter.pause(attempt.retryAfterMs, now)
      this.#report(findings.concurrencyLimited)
      return 'retry-refused'
    }
    if (kind === 'rate-limited' && this.rateLimiter.refused(check, attempt.retryAfterMs, now) === 'retry')
      return 'retry'
    if (hadCompanions && droppedAtOnce(attempt)) this.#lowerConcurrency(attempt, context)
    else this.#concurrency.succeeded()
    this.#reportRate(attempt, check)
    return 'keep'
  }

  /**
   * The target accepts no connection for a while after there were many.
   * @returns false if slowing down has not helped so far.
   */
  slowDown(owner: object, now: number): boolean {
    const slower = this.rateLimiter.refused(owner, null, now) === 'retry'
    if (slower) this.#report(findings.rateLimited)
    return slower
  }

  #lowerConcurrency({ startedAt }: Attempt, { running, now }: AttemptContext): void {
    this.#concurrency.refused(startedAt, running, now)
  }

  /** Reports what an attempt that counts shows about the rate of connections. */
  #reportRate(attempt: Attempt, check: object): void {
    if (isRateLimited(attempt)) {
      if (this.rateLimiter.hasGivenUp) this.#report(findings.refusesAlways)
    } else if (attempt.connections.length > 0 && this.rateLimiter.succeeded(check))
      this.#report(findings.rateLimited)
  }

  #report(text: string): void {
    if (!this.#reported.has(text)) this.#finding(text)
    this.#reported.add(text)
  }
}
