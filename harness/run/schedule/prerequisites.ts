import type { Outcome } from '#model/judge'
import type { Entry } from './entry.ts'

/** True: checks that name this one as a prerequisite are blocked. */
function hasFailed(outcome: Outcome): boolean {
  return outcome.kind === 'violated' || outcome.kind === 'crashed' || outcome.kind === 'blocked'
}

/** What each check of a run depends on. */
export class Prerequisites<Kit> {
  /** Only the entries that have prerequisites. */
  readonly #of: ReadonlyMap<Entry<Kit>, readonly Entry<Kit>[]>

  constructor(entries: readonly Entry<Kit>[]) {
    this.#of = new Map(
      entries.flatMap((entry) => {
        const prerequisites = prerequisitesOf(entry, entries)
        return prerequisites.length === 0 ? [] : [[entry, prerequisites]]
      }),
    )
  }

  /** True: every prerequisite has passed, finally or as far as it was observed. An inconclusive one must be final. */
  allowStart(entry: Entry<Kit>): boolean {
    return (this.#of.get(entry) ?? []).every((prerequisite) => {
      const outcome = prerequisite.judged?.outcome ?? prerequisite.lastOutcome
      return outcome !== null && !hasFailed(outcome) && (prerequisite.isFinal || outcome.kind === 'held')
    })
  }

  /** The prerequisite that finally failed, so that this check is blocked; null if none did. */
  blocking(entry: Entry<Kit>): Entry<Kit> | null {
    const prerequisites = this.#of.get(entry) ?? []
    return prerequisites.find(({ judged }) => judged !== null && hasFailed(judged.outcome)) ?? null
  }
}

/** Prerequisites on the same target; those of a check that compares protocols may be on any. */
function prerequisitesOf<Kit>(entry: Entry<Kit>, entries: readonly Entry<Kit>[]): Entry<Kit>[] {
  const ids = new Set(entry.check.after)
  if (ids.size === 0) return []
  return entries.filter(
    ({ check, target }) => ids.has(check.id) && (target === entry.target || entry.target === null),
  )
}
