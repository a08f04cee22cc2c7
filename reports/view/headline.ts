import type { Report } from '#model/result'
import { alikeOf } from './alike.ts'
import { unjudgedOf } from './overview.ts'
import { plural, protocolTitle } from './words.ts'

/** The sum of a run in a word and a sentence, by its exit status. */
export function headline(report: Report): {
  readonly ok: boolean
  readonly word: string
  readonly says: string
} {
  const { exitCode, complete } = report.run
  const { fail, warn, pass, total, harnessError } = report.summary
  const judged = `${plural(total, 'check was', 'checks were')} judged`
  if (exitCode >= 129) return { ok: false, word: 'interrupted', says: `the run was interrupted: ${judged}` }
  if (exitCode === 4) {
    return {
      ok: false,
      word: 'harness error',
      says: `${plural(harnessError, 'check')} could not be run by fault of the harness`,
    }
  }
  // Only a signal (129 and above) or the time limit leaves a run incomplete.
  if (!complete) {
    const broken = fail > 0 ? `; ${plural(fail, 'requirement is', 'requirements are')} broken` : ''
    return {
      ok: false,
      word: 'time limit reached',
      says: `--max-time ended the run before every check was judged: ${judged}${broken}`,
    }
  }
  if (exitCode === 3)
    return { ok: false, word: 'not set up', says: 'the target or the link could not be used' }
  if (exitCode === 2) return { ok: false, word: 'not judged', says: unjudged(report) }
  if (exitCode === 1) {
    const says =
      fail > 0
        ? `${plural(fail, 'requirement is', 'requirements are')} broken${inOneWay(report)}`
        : `${plural(warn, 'recommendation is', 'recommendations are')} not followed`
    return { ok: false, word: 'failed', says }
  }
  if (exitCode !== 0) return { ok: false, word: 'failed', says: `the run ended with status ${exitCode}` }
  if (pass === total)
    return {
      ok: true,
      word: 'passed',
      says: total === 1 ? 'the one check passed' : `all ${total} checks passed`,
    }
  const rest = fail > 0 ? `, ${plural(fail, 'check')} fell below the gate` : ''
  return { ok: true, word: 'passed', says: `${pass} of ${plural(total, 'check')} passed${rest}` }
}

/** Exit status 2: of whom nothing can be said, or too little, although other checks may well have fallen. */
function unjudged(report: Report): string {
  const { targets, results, summary } = report
  const silent = targets.filter(
    ({ protocol }) =>
      !results.some(
        (one) =>
          one.protocol === protocol &&
          one.level === 'MUST' &&
          (one.verdict === 'pass' || one.verdict === 'fail'),
      ),
  )
  if (silent.length === 0 && summary.inconclusive > 0)
    return `${plural(summary.inconclusive, 'check')} could not be judged: too many for those that passed to say much${mostly(report)}`
  const names = silent.map(({ protocol }) => protocolTitle(report, protocol)).join(' and ')
  const whose = names === '' ? '' : ` of the ${names} target${silent.length > 1 ? 's' : ''}`
  const broken =
    summary.fail > 0 ? `; ${plural(summary.fail, 'requirement is', 'requirements are')} broken elsewhere` : ''
  return `no required check${whose} could be judged${mostly(report)}${broken}`
}

/** Why most of them could not be judged, where that is one reason. */
function mostly(report: Report): string {
  const [first] = unjudgedOf(report).filter(({ verdict }) => verdict === 'inconclusive')
  const { inconclusive } = report.summary
  if (first === undefined || first.ids.length < 5 || first.ids.length * 2 <= inconclusive) return ''
  const whose = first.ids.length === inconclusive ? 'all' : `${first.ids.length} of ${inconclusive}`
  return ` (${whose} by ${first.reason})`
}

/** Where one cause may be behind most of what is broken, that is said with the number. */
function inOneWay(report: Report): string {
  const most = Math.max(0, ...alikeOf(report).map(({ counts }) => counts.fail))
  const { fail } = report.summary
  if (most < 5 || most * 2 <= fail) return ''
  return most === fail ? ', all of them in the same way' : `, ${most} of them in the same way`
}
