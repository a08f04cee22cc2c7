export const rateLimits = {
  /** Interval after the first refusal that no other connection explains, in ms. Doubles with each further refusal. */
  firstIntervalMs: 50,
  /** The longest interval in ms: a target that accepts less than one connection a second cannot be tested in a run. */
  maxIntervalMs: 1000,
  /** First pause if the target does not ask for one, in ms. Doubles with each further pause for the same check. */
  firstPauseMs: 250,
  /** No pause is longer, in ms, whatever `Retry-After` asks for: the user waits for the run. */
  maxPauseMs: 5000,
  /** All pauses together, in ms: a run must not become several times longer because of them. */
  totalPauseMs: 180_000,
  /** Pauses for one check: with `firstPauseMs` doubled each time, the last of them has the maximum length. */
  pausesPerCheck: 6,
  /** Checks in a row that pauses did not help. After that, pauses are no use with this target. */
  fruitlessChecks: 3,
  /** Connections that the time budget of a check allows for while they are made at intervals; few checks make more. */
  connectionsPerBudget: 40,
} as const

/** What was done for one check. */
interface PausedCheck {
  pauses: number
  /** The interval before the first pause. */
  readonly intervalBefore: number
}

/**
 * Decides when the next connection may be opened. If a target refuses a connection while no other is open, it limits how
 * fast they come: then they are opened at intervals, after a pause. If that does not help, the limiter gives up.
 * Keeps no time itself: callers pass the time of a monotonic clock in ms, and wait.
 */
export class ConnectionRateLimiter {
  readonly #paused = new Map<object, PausedCheck>()
  #intervalMs = 0
  #nextAt = Number.NEGATIVE_INFINITY
  #pausedUntil = Number.NEGATIVE_INFINITY
  #pauseBudgetMs: number = rateLimits.totalPauseMs
  #fruitless = 0
  #stopped = false

  /** Between two connections, in ms; 0 if the target accepts them at any rate. */
  get intervalMs(): number {
    return this.#intervalMs
  }

  /** What the time budget of a check needs in addition, in ms. */
  get extraBudgetMs(): number {
    return this.#intervalMs * rateLimits.connectionsPerBudget
  }

  /** True: pauses are no use with this target, and no more are made. */
  get hasGivenUp(): boolean {
    return this.#fruitless >= rateLimits.fruitlessChecks || this.#pauseBudgetMs <= 0
  }

  /** The rest of the current pause in ms, in which no check should start; 0 if there is none. */
  pauseLeftMs(now: number): number {
    return this.#stopped ? 0 : Math.max(0, this.#pausedUntil - now)
  }

  /** Asks for one more connection. Returns 0 if it may be opened now, otherwise after how many ms to ask again. */
  acquire(now: number): number {
    if (!this.#stopped && now < this.#nextAt) return this.#nextAt - now
    this.#nextAt = now + this.#intervalMs
    return 0
  }

  /** Begins a pause of this many ms, or of as many as the limits allow. A longer pause that has begun goes on. */
  pause(ms: number, now: number): void {
    const until = now + Math.min(ms, rateLimits.maxPauseMs, this.#pauseBudgetMs)
    if (this.#stopped || until <= this.#pausedUntil) return
    this.#pauseBudgetMs -= until - Math.max(now, this.#pausedUntil)
    this.#pausedUntil = until
  }

  /**
   * A check was refused a connection with no other check running.
   * @param check identifies it.
   * @param retryAfterMs what the target asked for, or null.
   * @returns `retry`: connections come more slowly, after a pause. `give-up`: that has not helped; the refusal counts.
   */
  refused(check: object, retryAfterMs: number | null, now: number): 'retry' | 'give-up' {
    const state = this.#paused.get(check) ?? { pauses: 0, intervalBefore: this.#intervalMs }
    this.#paused.set(check, state)
    if (this.hasGivenUp || this.#stopped) return 'give-up'
    state.pauses += 1
    if (state.pauses > rateLimits.pausesPerCheck) {
      if (state.pauses > rateLimits.pausesPerCheck + 1) return 'give-up'
      this.#fruitless += 1
      // The target refused this check for another reason than the rate of its connections.
      this.#intervalMs = state.intervalBefore
      return 'give-up'
    }
    this.pause(retryAfterMs ?? rateLimits.firstPauseMs * 2 ** (state.pauses - 1), now)
    this.#intervalMs = Math.min(
      rateLimits.maxIntervalMs,
      Math.max(rateLimits.firstIntervalMs, this.#intervalMs * 2),
    )
    return 'retry'
  }

  /**
   * A check got all the connections that it asked for.
   * @returns true if pauses were made for it, so that the target is known to limit the rate of connections.
   */
  succeeded(check: object): boolean {
    this.#fruitless = 0
    return (this.#paused.get(check)?.pauses ?? 0) > 0
  }

  /** No connection and no check waits any more. */
  stop(): void {
    this.#stopped = true
  }
}
