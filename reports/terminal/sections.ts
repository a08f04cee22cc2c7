import { verdicts } from '#model/model'
import { expectationStatuses, summaryKeys } from '#model/result'
import type { Report } from '#model/result'
import { columns, padded, wrap } from '#reports/escape/terminal'
import { headline } from '#reports/view/headline'
import {
  answerOf,
  capabilitiesOf,
  expectationCounts,
  groupsOf,
  protocolsOf,
  unjudgedOf,
  waysToEnable,
} from '#reports/view/overview'
import type { Group } from '#reports/view/overview'
import {
  capitalized,
  duration,
  expectationsLead,
  plural,
  protocolShortTitle,
  protocolTitle,
  statusWord,
} from '#reports/view/words'
import type { Page, Piece } from './page.ts'
import { statusPaint, verdictPaint } from './page.ts'

const verdictsBestFirst = verdicts.toReversed()

/** Version, engine, seed and duration; then each target with the capabilities that were found. */
export function header(page: Page, report: Report): void {
  const { run, tool } = report
  const facts = [
    `${run.engine.kind} proxy engine ${run.engine.version}`,
    `seed ${run.seed}`,
    `took ${duration(run.durationMs)}`,
  ]
  page.flow(
    0,
    [page.piece(`Streamproof ${tool.version}`, 'strong'), ...facts.map((fact) => page.piece(`· ${fact}`))],
    2,
  )
  for (const target of report.targets) {
    page.gap()
    page.field(2, protocolShortTitle(report, target.protocol), 9, target.url, 'strong')
    const { present, absent, broken } = capabilitiesOf(target)
    if (present.length > 0) page.field(12, 'has', 6, present.join(', '))
    if (broken.length > 0) page.field(12, 'broken', 6, broken.join(', '), 'soft')
    if (absent.length > 0) page.field(12, 'lacks', 6, absent.join(', '), 'dim')
  }
}

/** How many checks of each topic, and of each section of a standard, have which verdict. */
export function resultSection(page: Page, report: Report): void {
  const groups = groupsOf(report)
  if (groups.length === 0) return
  page.heading('Results by topic')
  page.flow(2, legend(page, report))
  page.gap()
  topicTable(
    page,
    report,
    groups.filter(({ topic }) => topic !== 'protocol'),
  )
  for (const protocol of protocolsOf(report)) {
    sectionTable(
      page,
      protocolTitle(report, protocol),
      groups.filter((group) => group.topic === 'protocol' && group.protocol === protocol),
    )
  }
}

/** The symbols of the verdicts that this report has. */
function legend(page: Page, { summary }: Report): Piece[] {
  return verdictsBestFirst
    .filter((verdict) => summary[summaryKeys[verdict]] > 0)
    .map((verdict) => {
      const { text, width } = page.piece(`${page.symbol(verdict)} ${verdict}`, verdictPaint[verdict])
      return { text: `${text} `, width: width + 1 }
    })
}

function topicTable(page: Page, report: Report, groups: readonly Group[]): void {
  for (const [index, group] of groups.entries()) {
    const isFirst = groups[index - 1]?.topic !== group.topic
    const name = isFirst ? capitalized(group.topic) : ''
    row(page, padded(name, 15), protocolShortTitle(report, group.protocol), 10, group)
  }
}

function sectionTable(page: Page, protocol: string, groups: readonly Group[]): void {
  if (groups.length === 0) return
  page.heading(`Protocol: ${protocol}`)
  for (const group of groups) row(page, padded(group.label ?? '', 15), group.title, 37, group)
}

/** `  RFC 6455 5.5    Control Frames      ✓ 12  ✗ 1`; the counts are on a line of their own if they do not fit. */
function row(page: Page, first: string, title: string, titleWidth: number, group: Group): void {
  const counts = countsOf(page, group)
  const width = counts.reduce((total, count) => total + count.width + 2, -2)
  const names = `  ${page.text(first)} ${padded(page.text(title), titleWidth)}`
  if (columns(names) + 1 + width <= page.width) {
    page.line(`${names} ${counts.map(({ text }) => text).join('  ')}`)
    return
  }
  const [head = '', ...others] = wrap(page.text(title), page.width - 18)
  page.line(`  ${page.text(first)} ${head}`)
  for (const line of others) page.line(' '.repeat(18) + line)
  page.flow(18, counts)
}

function countsOf(page: Page, { counts }: Group): Piece[] {
  return verdictsBestFirst.flatMap((verdict) => {
    const count = counts[summaryKeys[verdict]]
    return count === 0 ? [] : [page.piece(`${page.symbol(verdict)} ${count}`, verdictPaint[verdict])]
  })
}

/** Checks that are not applicable, blocked or inconclusive: never hidden, always with the reason. */
export function unjudgedSection(page: Page, report: Report): void {
  const groups = unjudgedOf(report)
  if (groups.length === 0) return
  page.heading('Not judged')
  for (const { verdict, reason, ids, enable } of groups) {
    page.field(2, `${page.symbol(verdict)} ${verdict}`, 17, `${plural(ids.length, 'check')}: ${reason}`)
    if (enable !== null && !namesOption(reason)) page.field(20, '', 0, `to run them: ${enable}`, 'calm')
    if (verdict === 'inconclusive') page.field(20, '', 0, ids.join(', '), 'dim')
  }
}

/** True if the reason itself names an option or the config file. */
function namesOption(reason: string): boolean {
  return /(^|\s)--[a-z]|config/.test(reason)
}

/** Each documented expectation with its figures or what it needs; those that were not selected are only named. */
export function expectationSection(page: Page, report: Report): void {
  if (report.expectations.length === 0) return
  const counts = expectationCounts(report)
  const sums = expectationStatuses.map(
    (status) => `${page.status(status)} ${counts[status]} ${statusWord(status)}`,
  )
  page.heading('Documented expectations')
  page.field(2, '', 0, expectationsLead)
  page.field(2, '', 0, sums.join('   '))
  const unselected = report.expectations.filter(
    ({ status, needs }) => status === 'not-measured' && needs === null,
  )
  let topic = ''
  for (const expectation of report.expectations) {
    if (unselected.includes(expectation)) continue
    if (expectation.topic !== topic) {
      topic = expectation.topic
      page.gap()
      page.line(`  ${page.paint('strong', capitalized(topic))}`)
    }
    const name = `${page.status(expectation.status)} ${expectation.id}`
    page.field(2, name, 12, expectation.statement, null, statusPaint[expectation.status])
    const { kind, text } = answerOf(expectation)
    if (text !== '') page.field(15, '', 0, text, kind === 'needs' ? 'dim' : 'calm')
  }
  for (const summary of new Set(unselected.map((expectation) => expectation.summary))) {
    const ids = unselected.filter((expectation) => expectation.summary === summary).map(({ id }) => id)
    page.gap()
    page.field(2, '', 0, `${capitalized(summary)}: ${ids.join(', ')}`, 'dim')
  }
}

export function findingSection(page: Page, report: Report): void {
  if (report.run.findings.length === 0) return
  page.heading('Findings about the whole run')
  for (const finding of report.run.findings) page.field(2, '-', 1, finding)
}

/** The last lines: passed or not, every count, and what would make more checks apply. */
export function totals(page: Page, report: Report): void {
  const { ok, word, sentence } = headline(report)
  page.gap()
  const symbol = page.symbol(ok ? 'pass' : 'fail')
  page.field(0, symbol, 1, `${word}: ${sentence} (exit status ${report.run.exitCode})`, ok ? 'good' : 'bad')
  const { flaky, total } = report.summary
  const counts = verdictsBestFirst.map((verdict) => `${report.summary[summaryKeys[verdict]]} ${verdict}`)
  const parts = flaky > 0 ? [...counts, `${flaky} flaky`] : counts
  page.flow(
    0,
    [
      page.piece(`${plural(total, 'check')}:`),
      ...parts.map((part, index) => page.piece(index < parts.length - 1 ? `${part},` : part)),
    ],
    2,
  )
  const ways = waysToEnable(report)
  if (ways.length > 0)
    page.flow(0, words(page, `To run the checks that are not applicable: ${ways.join('; ')}`), 2)
}

function words(page: Page, text: string): Piece[] {
  return text.split(' ').flatMap((word) => (word === '' ? [] : [page.piece(word)]))
}
