import type { Outcome } from '#model/judge'
import type { PlacedCheck } from '#model/catalogue'
import type { Result } from '#model/result'
import type { Evidence } from '#peers/kit'
import type { Attempt, RunningAttempt } from './attempt.ts'
import { deferred } from '#common/deferred'
import type { Planned } from '#run/select/plan'
import { decide, tally } from './repetition.ts'

/** The final judgement of a planned check: all that its result is made from. */
export interface Judged<Kit> {
  readonly check: PlacedCheck<Kit>
  readonly target: number | null
  readonly outcome: Outcome
  readonly attempts: Result['attempts']
  readonly evidence: Evidence
  readonly durationMs: number
}

/** A planned check on its way to its final judgement. */
export class Entry<Kit> {
  readonly check: PlacedCheck<Kit>
  readonly target: number | null
  readonly attempts: Attempt[] = []
  running: RunningAttempt | null = null
  /** The attempt that was discarded because the target crashed. While it is not null, the check is a suspect. */
  lostAttempt: Attempt | null = null
  #refusals = 0
  #runsAlone: boolean
  /** True: no further attempt is needed. The check becomes final when the target is known to have survived it. */
  complete = false
  #judged: Judged<Kit> | null = null
  #isFinal = false
  readonly #final = deferred<Judged<Kit> | null>()

  constructor({ check, target, alone }: Planned<Kit>) {
    this.check = check
    this.target = target
    this.#runsAlone = check.exclusive !== undefined || alone === true
  }

  /** Resolves with the judgement, or with null if the run was stopped before there was one. Never rejects. */
  get settled(): Promise<Judged<Kit> | null> {
    return this.#final.promise
  }

  /** Null until the check is final, and if the run was stopped before. A late error may still change it. */
  get judged(): Judged<Kit> | null {
    return this.#judged
  }

  get isFinal(): boolean {
    return this.#isFinal
  }

  /** No other check may run at the same time. */
  get runsAlone(): boolean {
    return this.#runsAlone
  }

  /** The outcome of the last attempt. */
  get lastOutcome(): Outcome | null {
    return this.attempts.at(-1)?.outcome ?? null
  }

  /** Makes an outcome final that was not observed: not applicable, blocked, the target crashed. */
  settleWith(outcome: Outcome, attempt: Attempt | null = this.attempts.at(-1) ?? null): void {
    this.#settle({
      check: this.check,
      target: this.target,
      outcome,
      attempts: tally([]),
      evidence: attempt?.evidence ?? { transcript: [], faults: [], measured: {}, close: null },
      durationMs: attempt?.durationMs ?? 0,
    })
  }

  /** Makes final what the attempts amount to. Without any attempt, the check ends without a judgement. */
  settle(): void {
    const decision = decide(this.attempts)
    if (decision === null) this.#settle(null)
    else {
      const { attempt, attempts } = decision
      const { check, target } = this
      this.#settle({
        check,
        target,
        outcome: attempt.outcome,
        attempts,
        evidence: attempt.evidence,
        durationMs: attempt.durationMs,
      })
    }
  }

  /** The target crashed: what was observed does not count. @param lost makes the check a suspect; null does not. */
  discardAttempts(lost: Attempt | null): void {
    this.lostAttempt = lost
    this.attempts.length = 0
    this.complete = false
  }

  /** The target refused a connection while others were open. @param most after so many times the check runs alone. */
  refused(most: number): void {
    this.#refusals += 1
    this.#runsAlone ||= this.#refusals >= most
  }

  /** The check threw an error after it had settled: that is an error in Streamproof, whatever was judged before. */
  addLateError(error: unknown): void {
    const outcome: Outcome = { kind: 'crashed', error }
    if (this.#judged !== null) this.#judged = { ...this.#judged, outcome, attempts: tally([]) }
    const last = this.attempts.pop()
    if (last !== undefined) this.attempts.push({ ...last, outcome })
  }

  #settle(judged: Judged<Kit> | null): void {
    if (this.#isFinal) return
    this.#isFinal = true
    this.complete = true
    this.#judged = judged
    this.#final.resolve(judged)
  }
}
