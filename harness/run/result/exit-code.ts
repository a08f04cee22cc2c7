import type { Report, Result } from '#model/result'
import type { FailOn } from '#run/settings'

/** What the exit status depends on, besides the results. */
export interface Gate {
  readonly failOn: FailOn
  /** The signal by which the run was interrupted, if it was: 'SIGINT' unless it is another. */
  readonly interruptedBy: string | null
  /** An error of ours that belongs to no check. */
  readonly harnessFailed: boolean
}

const interrupted: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/**
 * The exit status of a run, the first that applies: 130 interrupted (129 SIGHUP, 143 SIGTERM); 4 harness error; 2
 * nothing was judged; 1 the target fell short at the gate; 2 too little was judged to say that it did not; 0 otherwise. (3 is a run that never came to results.)
 */
export function exitCode(results: readonly Result[], gate: Gate): number {
  if (gate.interruptedBy !== null) return interrupted[gate.interruptedBy] ?? 130
  if (gate.harnessFailed || results.some(({ verdict }) => verdict === 'harness-error')) return 4
  if (unjudged(results)) return 2
  if (results.some((result) => fails(result, gate.failOn))) return 1
  return hollow(results) ? 2 : 0
}

function fails({ verdict }: Result, failOn: FailOn): boolean {
  return failOn !== 'never' && (verdict === 'fail' || (failOn === 'should' && verdict === 'warn'))
}

/**
 * True where nothing can be said about a target: none of its checks passed or fell, or, where MUST checks were
 * selected, none of these.
 */
function unjudged(results: readonly Result[]): boolean {
  const groups = decisive(results)
  return groups.length === 0 || groups.some((group) => !group.some(({ verdict }) => isJudgement(verdict)))
}

/** What could not be judged of what applies, at most, where the rest is to pass for the whole. */
const mostInconclusive = 1 / 3

/** True where the target or the network kept us from judging so much that what passed says little. */
function hollow(results: readonly Result[]): boolean {
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

export function isJudgement(verdict: Report['results'][number]['verdict']): boolean {
  return verdict === 'pass' || verdict === 'fail' || verdict === 'warn' || verdict === 'notice'
}
