import { Inconclusive, Violation } from '#model/errors'
import type { Outcome } from '#model/judge'
import type { Attempt } from './attempt.ts'
import type { Entry } from './entry.ts'
import type { TargetWatch } from './target-watch.ts'

/** After more crashes the run is given up: each costs seconds, and little is left that the target could still show. */
const maxCrashes = 10

/** Most connections for the question whether a target crashed or only accepts no more: twice as many jobs as usual. */
const maxTrialConnections = 100

const isolationMs = {
  /** How long the target is watched after a check was repeated alone; most crashes take less. */
  watch: 100,
  /** How long a crashed target may take to come back, times the time scale: as long as a supervisor needs. */
  recovery: 10_000,
} as const

/** Waits without any connection, in durations of the attempt. Unequal, so that no periodic crash can match both. */
const idleWaits = [1, 3] as const

/** What crash isolation asks of the scheduler. */
export interface CrashIsolationHost<Kit> {
  readonly watch: Pick<
    TargetWatch,
    'crash' | 'recentOpenings' | 'forgetCrash' | 'survives' | 'recovers' | 'acceptsConnections'
  >
  readonly timeScale: number
  isStopped(): boolean
  /** The checks that are not final yet. */
  unsettled(): readonly Entry<Kit>[]
  /** True: the target is known to have been alive long enough after every attempt at this check. */
  survived(entry: Entry<Kit>): boolean
  /** Interrupts every running check, and waits until none is running. */
  interruptAll(): Promise<void>
  /** Runs a check once, alone. */
  attempt(entry: Entry<Kit>): Promise<Attempt>
  /** Counts an attempt as observed. */
  keep(entry: Entry<Kit>, attempt: Attempt): void
  /** Slows down connections, after a pause. False: that has not helped so far. */
  slowDown(): boolean
  finding(text: string): void
}

/** What a check is found to be that was running alone when the target crashed. */
type Suspicion =
  /** The target crashes each time, and at no other time. */
  | 'confirmed'
  /** The target crashed, and did not come back. */
  | 'not-recovered'
  /** The target also crashes without the check. */
  | 'unrelated'

/**
 * Finds out which check crashed the target. The attempts of every check that was connected at the time, or shortly
 * before, are discarded; then each is repeated alone, once the target is back, until one crashes it again.
 */
export class CrashIsolation<Kit> {
  readonly #host: CrashIsolationHost<Kit>
  #crashes = 0
  /** The finding of a crash that may still turn out to be a rate limit. */
  #unreported: string | null = null

  constructor(host: CrashIsolationHost<Kit>) {
    this.#host = host
  }

  /** Deals with the crash that the watch has found. */
  async handle(): Promise<void> {
    const { watch } = this.#host
    const { crash, recentOpenings: openings } = watch
    const isDown = crash?.kind === 'down'
    await this.#host.interruptAll()
    watch.forgetCrash()
    const suspects = this.#host
      .unsettled()
      .filter(
        (entry) => entry.lostAttempt !== null || (entry.attempts.length > 0 && !this.#host.survived(entry)),
      )
    for (const suspect of suspects) suspect.discardAttempts(suspect.attempts.at(-1) ?? suspect.lostAttempt)
    this.#crashes += 1
    this.#unreported = isDown ? `target crashed: it ${crash.cause ?? 'stopped accepting connections'}` : null
    if (await this.#recovered()) await this.#repeatAll(suspects, isDown ? openings : null)
    else if (!this.#host.isStopped() && suspects.length > 0) this.#host.finding(suspicionOf(suspects))
    for (const suspect of suspects) suspect.lostAttempt = null
  }

  /** @param openings the connections opened shortly before the target went down; null if it did not. */
  async #repeatAll(suspects: readonly Entry<Kit>[], openings: number | null): Promise<void> {
    for (const suspect of suspects) {
      if (this.#host.isStopped()) return
      const attempt = await this.#repeat(suspect)
      if (attempt.survived) {
        if (!attempt.interrupted) this.#host.keep(suspect, attempt)
        continue
      }
      const suspicion = await this.#confirm(suspect, attempt.durationMs)
      if (suspicion === 'unrelated') {
        if (!(await this.#recovered())) return
        break
      }
      // The cause is known, so all other checks are run again as if nothing had happened.
      this.#fail(suspect, attempt)
      for (const other of suspects) if (!other.isFinal) other.discardAttempts(other.lostAttempt)
      if (suspicion === 'confirmed') await this.#recovered()
      return
    }
    if (openings === null) return
    if (!(await this.#accepts(openings)) && this.#host.slowDown()) {
      // It did not crash. It accepts only so many connections in a certain time.
      this.#unreported = null
      this.#crashes -= 1
      for (const suspect of suspects) if (!suspect.isFinal) suspect.discardAttempts(suspect.lostAttempt)
      return
    }
    this.#report()
    for (const suspect of suspects)
      suspect.settleWith(
        crashed('the target crashed while this check was connected, but not when it was repeated alone'),
      )
  }

  /** Runs a check alone, and watches whether the target survives it. */
  async #repeat(suspect: Entry<Kit>): Promise<Attempt & { readonly survived: boolean }> {
    const attempt = await this.#host.attempt(suspect)
    const survived = await this.#host.watch.survives(isolationMs.watch)
    this.#host.watch.forgetCrash()
    return { ...attempt, survived }
  }

  /**
   * The target crashed while this check ran alone. The check is the cause if, twice, the target stays up while nothing is
   * connected, crashes during the check, and stays up with more connections than the check opened.
   */
  async #confirm(suspect: Entry<Kit>, durationMs: number): Promise<Suspicion> {
    for (const times of idleWaits) {
      const before = await this.#staysUpIdle(times * durationMs)
      if (before !== null) return before
      const again = await this.#repeat(suspect)
      if (again.survived) return 'unrelated'
      const after = await this.#staysUpIdle(times * durationMs)
      if (after !== null) return after
      // A firewall or a full queue refuses connections because of their number; that is not the fault of the check.
      if (!(await this.#accepts(again.connections.length + again.refusals.length))) return 'unrelated'
    }
    return 'confirmed'
  }

  /** Null if the target, once it is back, stays up for this long while nothing is connected. */
  async #staysUpIdle(ms: number): Promise<Exclude<Suspicion, 'confirmed'> | null> {
    if (!(await this.#recovered())) return 'not-recovered'
    const survives = await this.#host.watch.survives(ms + isolationMs.watch)
    this.#host.watch.forgetCrash()
    return survives ? null : 'unrelated'
  }

  /** Whether the target accepts twice as many connections, with nothing sent on them, and stays up. */
  async #accepts(count: number): Promise<boolean> {
    const { watch } = this.#host
    const accepts =
      (await watch.acceptsConnections(Math.min(maxTrialConnections, 2 * count))) &&
      (await watch.survives(isolationMs.watch))
    watch.forgetCrash()
    return accepts
  }

  #fail(entry: Entry<Kit>, attempt: Attempt): void {
    this.#report()
    this.#host.finding(`target crashed during ${entry.check.id}`)
    const violation = new Violation(
      'the target keeps accepting connections',
      'the target crashed: right after this check it accepted no connection',
    )
    entry.settleWith({ kind: 'violated', violation }, attempt)
  }

  /** Waits for the target to come back. If it does not, or has crashed too often, all other checks are inconclusive. */
  async #recovered(): Promise<boolean> {
    const { watch, timeScale } = this.#host
    const tooOften = this.#crashes > maxCrashes
    const limitMs = isolationMs.recovery * Math.max(1, timeScale)
    if (!tooOften && (await watch.recovers(limitMs, () => this.#host.isStopped()))) return true
    if (this.#host.isStopped()) return false
    this.#report()
    const event = tooOften ? `crashed more than ${maxCrashes} times` : 'crashed and did not recover'
    this.#host.finding(`target ${event}; the remaining checks are inconclusive`)
    for (const entry of this.#host.unsettled()) entry.settleWith(crashed(`the target ${event}`))
    return false
  }

  /** Reports a crash once. */
  #report(): void {
    if (this.#unreported !== null) this.#host.finding(this.#unreported)
    this.#unreported = null
  }
}

/** Which checks may have crashed a target that does not come back. */
function suspicionOf(suspects: readonly { readonly check: { readonly id: string } }[]): string {
  const ids = suspects.map(({ check }) => check.id)
  return `checks connected at the crash or just before: ${ids.join(', ')}; run them one at a time with --only`
}

function crashed(detail: string): Outcome {
  return { kind: 'inconclusive', cause: new Inconclusive('target-crashed', detail) }
}
