import type { Report, Result } from '../check/result.ts'
import type { FailOn } from './settings.ts'

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
 * nothing was judged; 1 the target fell short at the gate; 0 otherwise. (3 is a run that never came to results.)
 */
export function exitCode(results: readonly Result[], gate: Gate): number {
  if (gate.interruptedBy !== null) return interrupted[gate.interruptedBy] ?? 130
  if (gate.harnessFailed || results.some(({ verdict }) => verdict === 'harness-error')) return 4
  if (unjudged(results)) return 2
  return results.some((result) => short(result, gate.failOn)) ? 1 : 0
}

/** Known failures do not count; that is what the list of them is for. */
function short({ verdict, overlay }: Result, failOn: FailOn): boolean {
  if (failOn === 'never' || overlay?.kind === 'known') return false
  return verdict === 'fail' || (failOn === 'should' && verdict === 'warn')
}

/**
 * True where nothing can be said about a target: none of its checks passed or fell, or, where MUST checks were
 * selected, none of these.
 */
function unjudged(results: readonly Result[]): boolean {
  if (results.length === 0) return true
  for (const transport of ['websocket', 'sse', 'both'] as const) {
    const own = results.filter((result) => result.transport === transport)
    const binding = own.filter(({ level }) => level === 'MUST')
    // Checks that compare both transports do not stand for either, unless nothing else was selected.
    if (own.length === 0 || (transport === 'both' && own.length < results.length)) continue
    if (!(binding.length > 0 ? binding : own).some(({ verdict }) => isJudgement(verdict))) return true
  }
  return false
}

export function isJudgement(verdict: Report['results'][number]['verdict']): boolean {
  return verdict === 'pass' || verdict === 'fail' || verdict === 'warn' || verdict === 'notice'
}
