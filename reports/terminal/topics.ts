import type { Report } from '../../harness/check/result.ts'
import type { Transport } from '../../harness/check/model.ts'
import { columns, padded } from '../escape/terminal.ts'
import { answerOf, capabilitiesOf, expectationCounts, groupsOf, remedies, unjudgedOf } from '../overview.ts'
import type { Group } from '../overview.ts'
import {
  duration,
  expectationStatuses,
  headline,
  plural,
  statusWord,
  summaryKeys,
  transportColumns,
  transportNames,
  verdicts,
} from '../words.ts'
import type { Page } from './page.ts'
import { statusPaint, verdictPaint } from './page.ts'

const countOrder = verdicts.toReversed()

/** Who was asked, by what, and what was found there in a few words. */
export function header(page: Page, report: Report): void {
  const { run, tool } = report
  page.line(
    page.paint('strong', `Streamproof ${tool.version}`) +
      page.text(
        ` · ${run.engine.kind} engine ${run.engine.version} · seed ${run.seed} · ${duration(run.durationMs)}`,
      ),
  )
  for (const target of report.targets) {
    page.gap()
    const name = transportColumns[target.transport]
    page.field(2, name, 9, target.url, 'strong')
    const { present, absent, broken } = capabilitiesOf(target)
    if (present.length > 0) page.field(12, 'has', 5, present.join(', '))
    if (broken.length > 0) page.field(12, 'half', 5, broken.join(', '), 'soft')
    if (absent.length > 0) page.field(12, 'lacks', 5, absent.join(', '), 'dim')
  }
}

export function results(page: Page, report: Report): void {
  const groups = groupsOf(report)
  if (groups.length === 0) return
  topicTable(
    page,
    groups.filter(({ topic }) => topic !== 'protocol'),
  )
  for (const transport of ['websocket', 'sse', 'both'] as const) {
    sections(
      page,
      transport,
      groups.filter((one) => one.topic === 'protocol' && one.transport === transport),
    )
  }
}

function topicTable(page: Page, groups: readonly Group[]): void {
  if (groups.length === 0) return
  page.heading('Results by topic')
  const topics = [...new Set(groups.map(({ topic }) => topic))]
  for (const topic of topics) {
    const members = groups.filter((one) => one.topic === topic)
    for (const [index, group] of members.entries()) {
      const name = index === 0 ? capital(topic) : ''
      row(page, padded(name, 15), transportColumns[group.transport], 10, group)
    }
  }
}

function sections(page: Page, transport: Transport, groups: readonly Group[]): void {
  if (groups.length === 0) return
  page.heading(`Protocol: ${transportNames[transport]}`)
  for (const group of groups) row(page, padded(group.label ?? '', 15), group.title, 37, group)
}

/** `  RFC 6455 5.5    Control Frames      ✓ 12  ✗ 1`; the counts on a line of their own where they do not fit. */
function row(page: Page, first: string, title: string, titleWidth: number, group: Group): void {
  const sums = counts(page, group)
  const before = `  ${page.text(first)} ${padded(page.text(title), titleWidth)}`
  if (columns(before) + 1 + sums.width <= page.width) page.line(`${before} ${sums.text}`)
  else {
    page.line(before)
    page.line(`${' '.repeat(18)}${sums.text}`)
  }
  if (!page.verbose) return
  for (const { id, verdict, durationMs } of group.results) {
    const name = `${page.symbol(verdict)} ${id}`
    page.line(`      ${page.paint(verdictPaint[verdict], name)} ${page.paint('dim', duration(durationMs))}`)
  }
}

function counts(page: Page, { counts }: Group): { readonly text: string; readonly width: number } {
  const found = countOrder.filter((verdict) => counts[summaryKeys[verdict]] > 0)
  const words = found.map((verdict) => `${page.symbol(verdict)} ${counts[summaryKeys[verdict]]}`)
  const painted = found.map((verdict, index) => page.paint(verdictPaint[verdict], words[index] ?? ''))
  return { text: painted.join('  '), width: columns(words.join('  ')) }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Not-applicable, blocked and inconclusive: never hidden, always with the reason. */
export function unjudged(page: Page, report: Report): void {
  const groups = unjudgedOf(report)
  if (groups.length === 0) return
  page.heading('Not judged')
  for (const { verdict, reason, ids, turnOn, told } of groups) {
    const name = `${page.symbol(verdict)} ${verdict}`
    page.field(2, name, 17, `${plural(ids.length, 'check')}: ${reason}`)
    if (turnOn !== null && !told) page.field(20, '', 0, `turned on by ${turnOn}`, 'calm')
    if (page.verbose || verdict === 'inconclusive') page.field(20, '', 0, ids.join(', '), 'dim')
  }
}

export function expectations(page: Page, report: Report): void {
  if (report.expectations.length === 0) return
  const counts = expectationCounts(report)
  const sums = expectationStatuses.map(
    (status) => `${page.status(status)} ${counts[status]} ${statusWord(status)}`,
  )
  page.heading('Documented expectations')
  page.field(2, '', 0, sums.join('   '))
  let topic = ''
  for (const one of report.expectations) {
    if (one.topic !== topic) {
      topic = one.topic
      page.gap()
      page.line(`  ${page.paint('strong', capital(topic))}`)
    }
    const name = `${page.status(one.status)} ${one.id}`
    page.field(2, name, 12, one.statement, null, statusPaint[one.status])
    const { kind, text } = answerOf(one)
    if (text !== '') page.field(15, '', 0, text, kind === 'needs' ? 'dim' : 'calm')
  }
}

export function findings(page: Page, report: Report): void {
  if (report.run.findings.length === 0) return
  page.heading('Findings of the run')
  for (const finding of report.run.findings) page.field(2, '-', 1, finding)
}

/** The sum: pass or not, what would turn more on, and every count in the last line. */
export function sum(page: Page, report: Report): void {
  const { ok, word, says } = headline(report)
  page.gap()
  const sign = page.symbol(ok ? 'pass' : 'fail')
  page.field(0, sign, 1, `${word}: ${says} (exit status ${report.run.exitCode})`, ok ? 'good' : 'bad')
  const remedy = remedies(report)
  const parts = countOrder.map((verdict) => `${report.summary[summaryKeys[verdict]]} ${verdict}`)
  const { known, flaky, total } = report.summary
  const overlays = [...(known > 0 ? [`${known} known`] : []), ...(flaky > 0 ? [`${flaky} flaky`] : [])]
  const turn = remedy.length === 0 ? '' : ` (not-applicable: turned on by ${remedy.join('; ')})`
  page.verbatim(0, `${total} checks: ${[...parts, ...overlays].join(', ')}${turn}`)
}
