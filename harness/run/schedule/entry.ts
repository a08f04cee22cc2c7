import type { Outcome } from '#model/judge'
import type { PlacedCheck } from '#model/catalogue'
import type { Result } from '#model/result'
import type { Evidence } from '#peers/kit'
import type { Attempt, Connection, RunningAttempt } from './attempt.ts'
import { deferred } from '#common/deferred'
import type { Planned } from '#run/select/plan'

/** What became of a planned check: all that its result is made from. */
export interface Judged<Kit> {
  readonly check: PlacedCheck<Kit>
  readonly target: number | null
  readonly outcome: Outcome
  readonly attempts: Result['attempts']
  readonly evidence: Evidence
  readonly durationMs: number
}

/** A planned check on its way to a final judgement. */
export class Entry<Kit> {
  readonly check: PlacedCheck<Kit>
  readonly target: number | null
  readonly attempts: Attempt[] = []
  running: RunningAttempt | null = null
  /** What was thrown away because the target died; while not null, the check is a suspect. */
  lost: Attempt | null = null
  #refusedTries = 0
  /** Has to run alone from now on. */
  alone: boolean
  /** Nothing further is to be observed: final as soon as the target is known to have outlived it. */
  complete = false
  #judged: Judged<Kit> | null = null
  readonly #final = deferred<Judged<Kit> | null>()

  constructor({ check, target, alone }: Planned<Kit>) {
    this.check = check
    this.target = target
    this.alone = check.exclusive !== undefined || alone === true
  }

  /** Settles with the judgement, or with null when the run was stopped before there was one. Never rejects. */
  get settled(): Promise<Judged<Kit> | null> {
    return this.#final.promise
  }

  get judged(): Judged<Kit> | null {
    return this.#judged
  }

  get isFinal(): boolean {
    return this.#decided
  }

  #decided = false

  /** What the last attempt came to, while nothing is final. */
  get observed(): Outcome | null {
    return this.attempts.at(-1)?.outcome ?? null
  }

  /** Takes an outcome that was not observed: not applicable, blocked, the target died. */
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

  /** Takes what was observed, or settles without a judgement where nothing was. */
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

  /** The target died: nothing of what was observed counts. */
  throwAway(lost: Attempt | null): void {
    this.lost = lost
    this.attempts.length = 0
    this.complete = false
  }

  /** The target refused connections meanwhile: to be observed again, and alone after so many tries. */
  refused(mostTries: number): void {
    this.#refusedTries += 1
    this.alone ||= this.#refusedTries >= mostTries
  }

  /** An error of this check came after it had settled: it is charged with it all the same. */
  late(error: unknown): void {
    const outcome: Outcome = { kind: 'crashed', error }
    if (this.#judged !== null) this.#judged = { ...this.#judged, outcome, attempts: tally([]) }
    const last = this.attempts.pop()
    if (last !== undefined) this.attempts.push({ ...last, outcome })
  }

  #settle(judged: Judged<Kit> | null): void {
    if (this.#decided) return
    this.#decided = true
    this.complete = true
    this.#judged = judged
    this.#final.resolve(judged)
  }
}

interface Decision {
  readonly attempt: Attempt
  readonly attempts: Result['attempts']
}

/** How many attempts a check may have: the first, the repetition alone, and one more for the rate. */
const mostAttempts = 3

/** True: what was observed so far is not enough, and the check has to be observed once more, alone. */
export function wantsRepetition(attempts: readonly Attempt[]): boolean {
  const kinds = attempts.map(({ outcome }) => outcome.kind)
  if (kinds.length === 0 || kinds.length >= mostAttempts || kinds.includes('crashed')) return false
  if (kinds.length === 1) return kinds[0] === 'violated' || kinds[0] === 'inconclusive'
  // It fell and then did not repeat: once more, for the rate. Unless its connection had been refused that time.
  return kinds[0] === 'violated' && kinds[1] !== 'violated' && !(kinds[1] === 'held' && shut(attempts[0]))
}

/** A fail stays one where it repeats; else it is flaky. What could not be judged counts once it could. */
function decide(attempts: readonly Attempt[]): Decision | null {
  const last = attempts.at(-1)
  if (last === undefined) return null
  const crashed = attempts.find(({ outcome }) => outcome.kind === 'crashed')
  if (crashed !== undefined) return { attempt: crashed, attempts: tally([]) }
  const fallen = attempts.filter(({ outcome }) => outcome.kind === 'violated')
  const held = attempts.findLast(({ outcome }) => outcome.kind === 'held')
  const lastFallen = fallen.at(-1)
  if (lastFallen === undefined || (held === undefined && fallen.length < 2 && attempts.length > 2))
    return { attempt: held ?? last, attempts: tally(attempts) }
  if (held === undefined) return { attempt: lastFallen, attempts: tally(attempts) }
  if (fallen.length === 1 && attempts[0] === lastFallen && shut(lastFallen))
    return { attempt: held, attempts: tally(attempts.slice(1)) }
  if (attempts[0]?.outcome.kind === 'inconclusive') return { attempt: last, attempts: tally([last]) }
  return { attempt: fallen.length > 1 ? lastFallen : held, attempts: tally(attempts) }
}

/** Counts the attempts that were judged; an inconclusive one says nothing. */
export function tally(attempts: readonly Pick<Attempt, 'outcome'>[]): Result['attempts'] {
  const count = (kind: Outcome['kind']): number =>
    attempts.filter(({ outcome }) => outcome.kind === kind).length
  const failed = count('violated')
  return { total: count('held') + failed, failed }
}

/** It fell, and the target had ended one of its connections at once, without a word: it may have been one too many. */
export function shut(attempt: Attempt | undefined): boolean {
  return (
    attempt?.outcome.kind === 'violated' &&
    attempt.connections.some((one) => wasDropped(one) && wasBrief(one))
  )
}

/**
 * Connections were refused that may have come too fast: the target said so, or took none where nothing was wrong with
 * the request. A 503 to a request that is meant to be refused is an answer.
 */
export function outpaced({ refusals, outcome }: Attempt): boolean {
  return (
    refusals.includes('status-429') ||
    (outcome.kind === 'inconclusive' && outcome.cause.reason === 'target-refused')
  )
}

/** A direct connection that the target ended without a word. */
export function wasDropped({ route, ending }: Connection): boolean {
  return route === 'direct' && ending?.by === 'target' && ending.how !== 'close-frame'
}

/** A connection that hardly stood. */
export function wasBrief({ from, to }: Connection): boolean {
  return to !== null && to - from < 100
}

/** What builds on a check that came to this is blocked. */
export function falls(outcome: Outcome): boolean {
  return outcome.kind === 'violated' || outcome.kind === 'crashed' || outcome.kind === 'blocked'
}
