import type { Report, Result, Summary } from '#model/result'
import { summarise, summaryKeys } from '#model/result'
import { endingName, plural, verdicts } from './words.ts'

/** Checks that fell in one and the same way: there may be one cause behind all of them. */
export interface Alike {
  /** Null where there is no judgement but an error of ours. */
  readonly expected: string | null
  readonly actual: string
  /** How the connection ended, where it did so in all of them alike. */
  readonly ended: string | null
  /** What fell hardest first, in the order of the report. */
  readonly results: readonly Result[]
  readonly counts: Summary
}

/** Fewer than these are no pattern. */
const fewest = 5
/** More ways than these lead nobody anywhere. */
const mostWays = 5

const order = ['fail', 'harness-error', 'warn', 'notice'] as const

/** The largest groups of falls with equal `expected` and `actual`, the largest first. */
export function alikeOf(report: Report): readonly Alike[] {
  const groups = new Map<string, Result[]>()
  for (const verdict of order) {
    for (const result of report.results.filter((one) => one.verdict === verdict)) {
      const key = JSON.stringify([result.expected, result.actual ?? result.reason])
      groups.set(key, [...(groups.get(key) ?? []), result])
    }
  }
  return [...groups.values()]
    .filter(({ length }) => length >= fewest)
    .toSorted((a, b) => b.length - a.length)
    .slice(0, mostWays)
    .map((results) => {
      const endings = new Set(results.map(({ close }) => (close === null ? null : endingName(close))))
      const [ended = null] = endings
      return {
        expected: results[0]?.expected ?? null,
        actual: results[0]?.actual ?? results[0]?.reason ?? 'no reason given',
        ended: endings.size === 1 ? ended : null,
        results,
        counts: summarise(results),
      }
    })
}

/** `129 checks fell in the same way: 85 fail, 43 warn, 1 notice`. */
export function alikeName({ results, counts }: Alike): string {
  const parts = verdicts.flatMap((verdict) => {
    const count = counts[summaryKeys[verdict]]
    return count === 0 ? [] : [`${count} ${verdict}`]
  })
  return `${plural(results.length, 'check')} fell in the same way: ${parts.join(', ')}`
}

/** Ids of a few, and how many more there are. */
export function alikeSuch(
  { results }: Alike,
  shown = 3,
): { readonly ids: readonly string[]; readonly more: number } {
  return { ids: results.slice(0, shown).map(({ id }) => id), more: Math.max(0, results.length - shown) }
}
