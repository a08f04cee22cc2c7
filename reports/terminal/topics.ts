import { summaryKeys } from '#model/result'
import type { Report } from '#model/result'
import { columns, padded, wrap } from '#reports/escape/terminal'
import { headline } from '#reports/view/headline'
import {
  answerOf,
  capabilitiesOf,
  expectationCounts,
  groupsOf,
  protocolsOf,
  remedies,
  unjudgedOf,
} from '#reports/view/overview'
import type { Group } from '#reports/view/overview'
import {
  duration,
  expectationStatuses,
  plural,
  statusWord,
  protocolShortTitle,
  protocolTitle,
  verdicts,
} from '#reports/view/words'
import type { Page, Piece } from './page.ts'
import { statusPaint, verdictPaint } from './page.ts'

const countOrder = verdicts.toReversed()

/** Who was asked, by what, and what was found there in a few words. */
export function header(page: Page, report: Report): void {
  const { run, tool } = report
  const facts = [
    `${run.engine.kind} engine ${run.engine.version}`,
    `seed ${run.seed}`,
    duration(run.durationMs),
  ]
  page.flow(
    0,
    [page.piece(`Streamproof ${tool.version}`, 'strong'), ...facts.map((fact) => page.piece(`· ${fact}`))],
    2,
  )
  for (const target of report.targets) {
    page.gap()
    const name = protocolShortTitle(report, target.protocol)
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
    report,
    groups.filter(({ topic }) => topic !== 'protocol'),
  )
  for (const protocol of protocolsOf(report)) {
    sections(
      page,
      protocolTitle(report, protocol),
      groups.filter((one) => one.topic === 'protocol' && one.protocol === protocol),
    )
  }
}

function topicTable(page: Page, report: Report, groups: readonly Group[]): void {
  if (groups.length === 0) return
  page.heading('Results by topic')
  const topics = [...new Set(groups.map(({ topic }) => topic))]
  for (const topic of topics) {
    const members = groups.filter((one) => one.topic === topic)
    for (const [index, group] of members.entries()) {
      const name = index === 0 ? capital(topic) : ''
      row(page, padded(name, 15), protocolShortTitle(report, group.protocol), 10, group)
    }
  }
}

function sections(page: Page, protocol: string, groups: readonly Group[]): void {
  if (groups.length === 0) return
  page.heading(`Protocol: ${protocol}`)
  for (const group of groups) row(page, padded(group.label ?? '', 15), group.title, 37, group)
}

/** `  RFC 6455 5.5    Control Frames      ✓ 12  ✗ 1`; the counts on a line of their own where they do not fit. */
function row(page: Page, first: string, title: string, titleWidth: number, group: Group): void {
  const sums = countsOf(page, group)
  const width = sums.reduce((all, one) => all + one.width + 2, -2)
  const before = `  ${page.text(first)} ${padded(page.text(title), titleWidth)}`
  if (columns(before) + 1 + width <= page.width)
    page.line(`${before} ${sums.map(({ text }) => text).join('  ')}`)
  else {
    const [head = '', ...others] = wrap(page.text(title), page.width - 18)
    page.line(`  ${page.text(first)} ${head}`)
    for (const line of others) page.line(' '.repeat(18) + line)
    page.flow(18, sums)
  }
}

function countsOf(page: Page, { counts }: Group): Piece[] {
  return countOrder.flatMap((verdict) => {
    const count = counts[summaryKeys[verdict]]
    return count === 0 ? [] : [page.piece(`${page.symbol(verdict)} ${count}`, verdictPaint[verdict])]
  })
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
    if (verdict === 'inconclusive') page.field(20, '', 0, ids.join(', '), 'dim')
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
  // What this run was not to measure is no news, statement by statement.
  const silent = report.expectations.filter((one) => one.status === 'not-measured' && one.needs === null)
  for (const one of report.expectations.filter((each) => !silent.includes(each))) {
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
  for (const summary of new Set(silent.map((one) => one.summary))) {
    const ids = silent.filter((one) => one.summary === summary).map(({ id }) => id)
    page.gap()
    page.field(2, '', 0, `${capital(summary)}: ${ids.join(', ')}`, 'dim')
  }
}

export function findings(page: Page, report: Report): void {
  if (report.run.findings.length === 0) return
  page.heading('Findings of the run')
  for (const finding of report.run.findings) page.field(2, '-', 1, finding)
}

/** The sum: pass or not; then every count, and what would turn more on, in the last lines. */
export function sum(page: Page, report: Report): void {
  const { ok, word, says } = headline(report)
  page.gap()
  const sign = page.symbol(ok ? 'pass' : 'fail')
  page.field(0, sign, 1, `${word}: ${says} (exit status ${report.run.exitCode})`, ok ? 'good' : 'bad')
  const parts = countOrder.map((verdict) => `${report.summary[summaryKeys[verdict]]} ${verdict}`)
  const { flaky, total } = report.summary
  const all = flaky > 0 ? [...parts, `${flaky} flaky`] : parts
  const remedy = remedies(report)
  const turn = remedy.length === 0 ? '' : `(not-applicable: turned on by ${remedy.join('; ')})`
  page.flow(
    0,
    [
      page.piece(`${plural(total, 'check')}:`),
      ...all.map((part, index) => page.piece(index < all.length - 1 ? `${part},` : part)),
      ...turn.split(' ').flatMap((word) => (word === '' ? [] : [page.piece(word)])),
    ],
    2,
  )
}
