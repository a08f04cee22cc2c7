import type { Violation, Inconclusive } from './errors.ts'
import type { Level, Verdict } from './model.ts'

/** What became of one check, before anybody says what that means. */
export type Outcome =
  | { readonly kind: 'held' }
  | { readonly kind: 'violated'; readonly violation: Violation }
  | { readonly kind: 'not-applicable'; readonly reason: string; readonly enable: string }
  | { readonly kind: 'blocked'; readonly by: string }
  | { readonly kind: 'inconclusive'; readonly cause: Inconclusive }
  | { readonly kind: 'crashed'; readonly error: unknown }

const fallen: Readonly<Record<Level, Verdict>> = {
  MUST: 'fail',
  SHOULD: 'warn',
  MAY: 'notice',
  INFO: 'notice',
}

/** The only place that turns a level and an outcome into a verdict. */
export function judge(level: Level, outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case 'held':
      return 'pass'
    case 'violated':
      return fallen[level]
    case 'not-applicable':
      return 'not-applicable'
    case 'blocked':
      return 'blocked'
    case 'inconclusive':
      return 'inconclusive'
    case 'crashed':
      return 'harness-error'
  }
}

/** The verdict that a check of this level gives when its requirement is broken. */
export function fallenVerdict(level: Level): Verdict {
  return fallen[level]
}
