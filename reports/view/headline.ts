import type { Report } from '#model/result'
import { commonCauses } from './common-causes.ts'
import { unjudgedOf } from './overview.ts'
import { plural, protocolTitle } from './words.ts'

/** The outcome of a run in a word and a sentence. */
export interface Headline {
  readonly ok: boolean
  readonly word: string
  /** Begins in lower case and has no full stop. */
  readonly sentence: string
}

/** The headline that belongs to the exit status of a run. */
export function headline(report: Report): Headline {
  const { exitCode, complete } = report.run
  const { fail, total } = report.summary
  const judged = `${plural(total, 'check was', 'checks were')} judged`
  if (exitCode >= 129) return failed('interrupted', `the run was interrupted: ${judged}`)
  if (exitCode === 4) return failed('harness error', harnessErrors(report))
  // Only a signal (129 and above) or the time limit leaves a run incomplete.
  if (!complete)
    return failed(
      'time limit reached',
      `--max-time ended the run before every check was judged: ${judged}${fail > 0 ? `; ${brokenRequirements(fail)}` : ''}`,
    )
  if (exitCode === 3) return failed('setup failed', 'the target or the proxy engine could not be used')
  if (exitCode === 2) return failed('no verdict', tooFewVerdicts(report))
  if (exitCode === 1) return failed('failed', reasonOfFailure(report))
  if (exitCode !== 0) return failed('failed', `the run ended with status ${exitCode}`)
  return { ok: true, word: 'passed', sentence: passedChecks(report) }
}

function failed(word: string, sentence: string): Headline {
  return { ok: false, word, sentence }
}

function harnessErrors({ summary: { harnessError } }: Report): string {
  return harnessError > 0
    ? `an error in Streamproof prevented ${plural(harnessError, 'check')}`
    : 'an error in Streamproof that belongs to no check'
}

function reasonOfFailure(report: Report): string {
  const { fail, warn } = report.summary
  return fail > 0
    ? `${brokenRequirements(fail)}${sharedWay(report)}`
    : `${plural(warn, 'recommendation is', 'recommendations are')} not followed`
}

function brokenRequirements(count: number): string {
  return plural(count, 'requirement is broken', 'requirements are broken')
}

function passedChecks({ summary: { pass, total, fail } }: Report): string {
  if (pass === total) return total === 1 ? 'the one check passed' : `all ${total} checks passed`
  const ignored = fail > 0 ? `; ${plural(fail, 'check')} failed, which --fail-on ignores` : ''
  return `${pass} of ${plural(total, 'check')} passed${ignored}`
}

/** Exit status 2: targets without a verdict, or too many inconclusive results. Other checks may have failed. */
function tooFewVerdicts(report: Report): string {
  const { targets, results, summary } = report
  const withoutVerdict = targets.filter(
    (target) =>
      !results.some(
        ({ protocol, level, verdict }) =>
          protocol === target.protocol && level === 'MUST' && (verdict === 'pass' || verdict === 'fail'),
      ),
  )
  if (withoutVerdict.length === 0 && summary.inconclusive > 0)
    return `${plural(summary.inconclusive, 'inconclusive result')}: too many to trust a pass${mainReason(report)}`
  const titles = withoutVerdict.map(({ protocol }) => protocolTitle(report, protocol)).join(' and ')
  const whose = titles === '' ? '' : ` of the ${titles} target${withoutVerdict.length > 1 ? 's' : ''}`
  const broken = summary.fail > 0 ? `; elsewhere ${brokenRequirements(summary.fail)}` : ''
  return `no MUST check${whose} passed or failed${mainReason(report)}${broken}`
}

/** Why most checks were inconclusive, if most of them have one reason. */
function mainReason(report: Report): string {
  const [largest] = unjudgedOf(report).filter(({ verdict }) => verdict === 'inconclusive')
  const { inconclusive } = report.summary
  if (largest === undefined || largest.ids.length < 5 || largest.ids.length * 2 <= inconclusive) return ''
  const share = largest.ids.length === inconclusive ? 'all' : `${largest.ids.length} of ${inconclusive}`
  return ` (${share} inconclusive: ${largest.reason})`
}

/** How many of the broken requirements are broken in the same way, if that is most of them. */
function sharedWay(report: Report): string {
  const most = Math.max(0, ...commonCauses(report).map(({ counts }) => counts.fail))
  const { fail } = report.summary
  if (most < 5 || most * 2 <= fail) return ''
  return most === fail ? ', all of them in the same way' : `, ${most} of them in the same way`
}
