import type { Result } from '#model/result'
import type { FailOn } from '#run/settings'

/** What the exit status depends on besides the results. */
export interface Gate {
  readonly failOn: FailOn
  /** The signal that interrupted the run; null if none did. */
  readonly interruptedBy: string | null
  /** Whether an error in Streamproof that belongs to no check was seen. */
  readonly harnessFailed: boolean
}

const signalCodes: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/**
 * The exit status of a run, the first that applies: 130 interrupted (129 SIGHUP, 143 SIGTERM); 4 harness error; 2 no
 * verdicts; 1 the target failed at the gate; 2 too many inconclusive results to trust a pass; 0 otherwise. (3 belongs to
 * runs that could not begin.)
 */
export function exitCode(results: readonly Result[], gate: Gate): number {
  if (gate.interruptedBy !== null) return signalCodes[gate.interruptedBy] ?? 130
  if (gate.harnessFailed || results.some(({ verdict }) => verdict === 'harness-error')) return 4
  if (hasNoVerdicts(results)) return 2
  if (results.some((result) => failsAt(gate.failOn, result))) return 1
  return hasTooManyInconclusive(results) ? 2 : 0
}

function failsAt(failOn: FailOn, { verdict }: Result): boolean {
  return failOn !== 'never' && (verdict === 'fail' || (failOn === 'should' && verdict === 'warn'))
}

/** True if there are no results, or if a protocol has no decisive result that was judged. */
function hasNoVerdicts(results: readonly Result[]): boolean {
  const groups = decisive(results)
  return groups.length === 0 || groups.some((group) => !group.some(({ verdict }) => isJudgement(verdict)))
}

/** Of the checks that were judged or inconclusive, the largest share of inconclusive ones for which a pass is trusted. */
const mostInconclusive = 1 / 3

function hasTooManyInconclusive(results: readonly Result[]): boolean {
  return decisive(results).some((group) => {
    const judged = group.filter(({ verdict }) => isJudgement(verdict)).length
    const inconclusive = group.filter(({ verdict }) => verdict === 'inconclusive').length
    return inconclusive > (judged + inconclusive) * mostInconclusive
  })
}

/**
 * For each protocol, the results that decide: its MUST checks, or all of its checks if none of those was selected.
 * Checks that compare protocols decide only if nothing else was selected.
 */
function decisive(results: readonly Result[]): (readonly Result[])[] {
  const ofOneProtocol = results.filter(({ protocol }) => protocol !== null)
  const counted = ofOneProtocol.length > 0 ? ofOneProtocol : results
  const protocols = [...new Set(counted.map(({ protocol }) => protocol))]
  return protocols.map((id) => {
    const results = counted.filter(({ protocol }) => protocol === id)
    const musts = results.filter(({ level }) => level === 'MUST')
    return musts.length > 0 ? musts : results
  })
}

/** True for a verdict about the target. */
export function isJudgement(verdict: Result['verdict']): boolean {
  return verdict === 'pass' || verdict === 'fail' || verdict === 'warn' || verdict === 'notice'
}
