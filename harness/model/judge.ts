import type { Violation, Inconclusive } from './errors.ts'
import type { Level, Verdict } from './model.ts'

/** What happened in one check, before it is judged. */
export type Outcome =
  | { readonly kind: 'held' }
  | { readonly kind: 'violated'; readonly violation: Violation }
  | { readonly kind: 'not-applicable'; readonly reason: string; readonly enable: string }
  | { readonly kind: 'blocked'; readonly by: string }
  | { readonly kind: 'inconclusive'; readonly cause: Inconclusive }
  | { readonly kind: 'crashed'; readonly error: unknown }

const failingVerdicts: Readonly<Record<Level, Verdict>> = {
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
      return failingVerdicts[level]
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

/** The verdict of a check of this level if the target breaks its requirement. */
export function failingVerdict(level: Level): Verdict {
  return failingVerdicts[level]
}
