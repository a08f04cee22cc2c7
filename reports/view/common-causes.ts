import { verdicts } from '#model/model'
import { summarise, summaryKeys } from '#model/result'
import type { Report, Result, Summary } from '#model/result'
import { endingText, plural } from './words.ts'

/** The heading of the section, to which single failures refer. */
export const commonCauseHeading = 'Failures with one cause'

/** Checks that failed in the same way: they probably have one cause. */
export interface CommonCause {
  /** Null for harness errors, which have only a reason. */
  readonly expected: string | null
  readonly actual: string
  /** How the connection ended, if it ended in the same way in all of them. */
  readonly ending: string | null
  /** The worst verdict first, then in the order of the report. */
  readonly results: readonly Result[]
  readonly counts: Summary
}

/** Fewer checks than these are not called a pattern. */
const fewestChecks = 5
/** More causes than these do not help a reader. */
const mostCauses = 5

const failingVerdicts = ['fail', 'harness-error', 'warn', 'notice'] as const

/** The largest groups of results with equal `expected` and `actual`, the largest first. */
export function commonCauses(report: Report): readonly CommonCause[] {
  const groups = new Map<string, Result[]>()
  for (const verdict of failingVerdicts) {
    for (const result of report.results.filter((candidate) => candidate.verdict === verdict)) {
      const key = JSON.stringify([result.expected, result.actual ?? result.reason])
      groups.set(key, [...(groups.get(key) ?? []), result])
    }
  }
  return [...groups.values()]
    .filter(({ length }) => length >= fewestChecks)
    .toSorted((a, b) => b.length - a.length)
    .slice(0, mostCauses)
    .map((results) => {
      const endings = new Set(results.map(({ close }) => (close === null ? null : endingText(close))))
      const [ending = null] = endings
      return {
        expected: results[0]?.expected ?? null,
        actual: results[0]?.actual ?? results[0]?.reason ?? 'no reason given',
        ending: endings.size === 1 ? ending : null,
        results,
        counts: summarise(results),
      }
    })
}

/** `129 checks failed in the same way: 85 fail, 43 warn, 1 notice`. */
export function commonCauseTitle({ results, counts }: CommonCause): string {
  const parts = verdicts.flatMap((verdict) => {
    const count = counts[summaryKeys[verdict]]
    return count === 0 ? [] : [`${count} ${verdict}`]
  })
  return `${plural(results.length, 'check')} failed in the same way: ${parts.join(', ')}`
}

/** The ids of the first few checks, and how many others there are. */
export function exampleIds(
  { results }: CommonCause,
  count = 3,
): { readonly ids: readonly string[]; readonly others: number } {
  return { ids: results.slice(0, count).map(({ id }) => id), others: Math.max(0, results.length - count) }
}
