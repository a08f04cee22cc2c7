import type { PlacedCheck } from '#model/catalogue'
import type { Expectation, Figures } from '#model/expectation'
import type { ExpectationResult, Result } from '#model/result'
import { isJudgement } from './exit-code.ts'

/** The ids of the checks of a run. */
export interface Scale {
  /** Checks that match the selection. */
  readonly selected: ReadonlySet<string>
  /** Of these, checks for whose protocol the run has a target. */
  readonly planned: ReadonlySet<string>
}

/** The status of every documented expectation, from the results of the checks that name it. */
export function expectationResults(
  expectations: readonly Expectation[],
  checks: readonly PlacedCheck[],
  results: readonly Result[],
  scale: Scale,
): ExpectationResult[] {
  const byId = new Map(results.map((result) => [result.id, result]))
  const figures: Figures = (id, name) => {
    const value = byId.get(id)?.measured[name]
    return typeof value === 'number' ? value : null
  }
  return expectations.map((expectation) => {
    const { id, topic, protocol, statement, needs, beyond = null } = expectation
    const ids = checks.filter((check) => check.expectations?.includes(id)).map((check) => check.id)
    // A run with several targets of a protocol has a result of the check for each.
    const judged = results.filter((result) => ids.includes(result.id) && isJudgement(result.verdict))
    const holds = expectation.holds?.(figures)
    const unselected = ids.filter((checkId) => !scale.selected.has(checkId)).length
    const status = statusOf(judged, { beyond, holds, unselected })
    const about = { id, topic, protocol, statement, status, checks: ids }
    if (status === 'not-measured') return { ...about, ...unmeasured(ids, byId, scale, needs) }
    const rest = holds === null && unselected === 0 ? needs : beyond
    const missing = [
      ...(rest === null ? [] : [rest]),
      ...(unselected === 0 ? [] : [unselectedChecks(unselected)]),
    ]
    return {
      ...about,
      // More checks cannot change a refuted statement.
      needs: status === 'refuted' ? rest : missing.join('; and ') || null,
      summary: expectation.summary?.(figures) ?? passedChecks(judged),
    }
  })
}

interface Evidence {
  /** What would measure a part that no check can measure; null if there is no such part. */
  readonly beyond: string | null
  /** Whether the figures support the statement; null if figures are missing, undefined if it does not compare figures. */
  readonly holds: boolean | null | undefined
  /** How many checks of the expectation were not selected. */
  readonly unselected: number
}

function statusOf(
  judged: readonly Result[],
  { beyond, holds, unselected }: Evidence,
): ExpectationResult['status'] {
  const passed = judged.filter(({ verdict }) => verdict === 'pass').length
  if (judged.length === 0) return 'not-measured'
  if (passed === 0 || holds === false) return 'refuted'
  const isPartial = passed < judged.length || beyond !== null || holds === null || unselected > 0
  return isPartial ? 'partly' : 'confirmed'
}

/** Why nothing was measured, and what a run needs in order to measure it: null if the selection or the results are why. */
function unmeasured(
  ids: readonly string[],
  byId: ReadonlyMap<string, Result>,
  { selected, planned }: Scale,
  needs: string,
): Pick<ExpectationResult, 'needs' | 'summary'> {
  if (ids.length > 0 && !ids.some((id) => selected.has(id)))
    return { needs: null, summary: 'not selected in this run' }
  const plannedIds = ids.filter((id) => planned.has(id))
  const unselected = ids.filter((id) => !selected.has(id)).length
  if (plannedIds.length === 0) return { needs, summary: 'not measured by this run' }
  if (plannedIds.some((id) => byId.get(id)?.verdict === 'not-applicable')) {
    const either = unselected === 0 ? needs : `${needs}; or ${unselectedChecks(unselected)}`
    return { needs: either, summary: 'not measured by this run' }
  }
  return {
    needs: null,
    summary: plannedIds.some((id) => byId.has(id))
      ? 'not measured by this run: none of its checks could be judged'
      : 'not measured by this run, which ended before its checks',
  }
}

function unselectedChecks(count: number): string {
  return count === 1 ? 'a check that was not selected' : `${count} checks that were not selected`
}

function passedChecks(judged: readonly Result[]): string {
  const passed = judged.filter(({ verdict }) => verdict === 'pass').length
  return judged.length === 1
    ? `its check ${passed === 1 ? 'passed' : 'failed'}`
    : `${passed} of its ${judged.length} checks passed`
}
