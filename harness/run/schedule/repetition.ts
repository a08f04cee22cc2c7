import type { Outcome } from '#model/judge'
import type { Result } from '#model/result'
import type { Attempt } from './attempt.ts'
import { droppedAtOnce } from './classify.ts'

/** Attempts at one check: the first, the repetition alone, and one more to distinguish flaky from broken. */
const attemptsPerCheck = 3

/** All repetitions together, in ms, by default: a target that fails every check slowly must not double the run. */
const defaultRepetitionMs = 30_000

/** The time that a run may spend on repetitions. */
export class RepetitionBudget {
  #leftMs: number

  constructor(ms: number = defaultRepetitionMs) {
    this.#leftMs = ms
  }

  get isSpent(): boolean {
    return this.#leftMs <= 0
  }

  spend(ms: number): void {
    this.#leftMs -= ms
  }
}

/** True: the attempts so far do not decide, and the check has to run once more, alone. */
export function needsRepetition(attempts: readonly Attempt[]): boolean {
  const kinds = attempts.map(({ outcome }) => outcome.kind)
  if (kinds.length === 0 || kinds.length >= attemptsPerCheck || kinds.includes('crashed')) return false
  if (kinds.length === 1) return kinds[0] === 'violated' || kinds[0] === 'inconclusive'
  // The failure did not repeat, so it takes a third attempt. It does not if the first was dropped for their number.
  return (
    kinds[0] === 'violated' && kinds[1] !== 'violated' && !(kinds[1] === 'held' && droppedAtOnce(attempts[0]))
  )
}

/** The attempt that the result is made of, and how many attempts there were. */
export interface Decision {
  readonly attempt: Attempt
  readonly attempts: Result['attempts']
}

/**
 * Decides by all attempts at a check. A failure that repeats is a failure, one that does not is flaky. An inconclusive
 * attempt counts only if no other was conclusive. Null if there was no attempt.
 */
export function decide(attempts: readonly Attempt[]): Decision | null {
  const last = attempts.at(-1)
  if (last === undefined) return null
  const crashed = attempts.find(({ outcome }) => outcome.kind === 'crashed')
  if (crashed !== undefined) return { attempt: crashed, attempts: tally([]) }
  const failures = attempts.filter(({ outcome }) => outcome.kind === 'violated')
  const held = attempts.findLast(({ outcome }) => outcome.kind === 'held')
  const lastFailure = failures.at(-1)
  if (lastFailure === undefined || (held === undefined && failures.length < 2 && attempts.length > 2))
    return { attempt: held ?? last, attempts: tally(attempts) }
  if (held === undefined) return { attempt: lastFailure, attempts: tally(attempts) }
  if (failures.length === 1 && attempts[0] === lastFailure && droppedAtOnce(lastFailure))
    return { attempt: held, attempts: tally(attempts.slice(1)) }
  if (attempts[0]?.outcome.kind === 'inconclusive') return { attempt: last, attempts: tally([last]) }
  return { attempt: failures.length > 1 ? lastFailure : held, attempts: tally(attempts) }
}

/** Counts the conclusive attempts. */
export function tally(attempts: readonly Pick<Attempt, 'outcome'>[]): Result['attempts'] {
  const count = (kind: Outcome['kind']): number =>
    attempts.filter(({ outcome }) => outcome.kind === kind).length
  const failed = count('violated')
  return { total: count('held') + failed, failed }
}
