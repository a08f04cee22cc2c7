import type { Report, Result } from '#model/result'
import { columns } from '#reports/escape/terminal'
import { commonCauseHeading, commonCauses, commonCauseTitle, exampleIds } from '#reports/view/common-causes'
import { factsOf, transcriptOf } from '#reports/view/detail'
import { failuresOf, withVerdict } from '#reports/view/overview'
import { clauseLabel } from '#reports/view/sections'
import { senderLegend } from '#reports/view/words'
import type { Page } from './page.ts'
import { verdictPaint } from './page.ts'

const detailLimits = { field: 600, entries: 24, bytes: 64 }

/** Characters of one field of a result in a list. */
const listedField = 300

/** A row of sixteen bytes does not fit in fewer columns. */
const columnsForSixteenBytes = 74

/** Failures shown with their transcripts. If a target breaks more, the others are only listed. */
const mostDetailed = 12

/** Failures that probably have one cause: otherwise a reader sees a hundred effects before the cause. */
export function commonCauseSection(page: Page, report: Report): void {
  const causes = commonCauses(report)
  if (causes.length === 0) return
  page.heading(commonCauseHeading)
  for (const cause of causes) {
    const { ids, others } = exampleIds(cause)
    const isFailure = cause.counts.fail + cause.counts.harnessError > 0
    page.gap()
    page.field(2, '', 0, commonCauseTitle(cause), isFailure ? 'bad' : 'soft')
    if (cause.expected !== null) page.field(2, 'expected', 8, cause.expected)
    page.field(2, cause.expected === null ? 'reason' : 'actual', 8, cause.actual)
    if (cause.ending !== null) page.field(2, 'ended', 8, cause.ending)
    page.field(2, 'checks', 8, `${ids.join(', ')}${others === 0 ? '' : ` and ${others} others`}`)
  }
}

export function warningSection(page: Page, report: Report): void {
  const results = withVerdict(report, 'warn', 'notice')
  if (results.length === 0) return
  page.heading(`Warnings and notices (${results.length})`)
  list(page, report, results)
}

export function failureSection(page: Page, report: Report): void {
  const failures = failuresOf(report)
  if (failures.length === 0) return
  page.heading(`Failures (${failures.length})`)
  // One transcript is enough for all checks that failed in the same way.
  const repeated = new Set(commonCauses(report).flatMap(({ results }) => results.slice(1)))
  const byNews = [
    ...failures.filter((result) => !repeated.has(result)),
    ...failures.filter((result) => repeated.has(result)),
  ]
  const detailed = new Set(byNews.slice(0, mostDetailed))
  for (const result of failures.filter((failure) => detailed.has(failure))) detail(page, result)
  const listed = failures.filter((result) => !detailed.has(result))
  if (listed.length === 0) return
  page.heading(`${listed.length} more failures without their transcripts, which are in report.json`)
  list(page, report, listed)
}

/** `✗ ws/control/ping-over-125     MUST RFC6455/5.5`, on two lines if one is too short. */
function title(page: Page, result: Result): void {
  const symbol = page.symbol(result.verdict)
  const clause = `${result.level} ${clauseLabel(result.clause)}`
  const used = columns(symbol) + 1 + columns(page.text(result.id))
  const spaces = page.width - used - columns(page.text(clause))
  const id = page.paint(verdictPaint[result.verdict], `${symbol} ${result.id}`)
  if (spaces >= 2) {
    page.line(`${id}${' '.repeat(spaces)}${page.paint('dim', clause)}`)
    return
  }
  page.line(id)
  page.field(2, '', 0, clause, 'dim')
}

/** Results in a few lines each. The command that repeats a check is printed once if only the id differs. */
function list(page: Page, report: Report, results: readonly Result[]): void {
  const commands = new Set(results.map(commandForAnyId))
  const [command = ''] = commands
  const isShared = results.length > 1 && commands.size === 1 && command.includes('--only ID')
  if (isShared) {
    page.gap()
    page.field(2, '', 0, 'to repeat one of them, put its id in place of ID:', 'dim')
    page.command(2, command, 'calm')
  }
  const inCommon = new Set(commonCauses(report).flatMap(({ results }) => results))
  for (const result of results) {
    page.gap()
    title(page, result)
    page.field(2, '', 0, result.title)
    // What checks have in common is printed once, above.
    const names = inCommon.has(result) ? ['flaky'] : ['expected', 'actual', 'reason', 'flaky']
    for (const [name, value] of factsOf(result, listedField))
      if (names.includes(name)) page.field(2, name, 8, value)
    if (inCommon.has(result)) page.field(2, 'cause', 8, `see "${commonCauseHeading}"`, 'dim')
    if (!isShared) page.command(2, result.reproduce, 'calm')
  }
}

function commandForAnyId({ reproduce, id }: Result): string {
  return `${reproduce} `.replace(` --only ${id} `, ' --only ID ').trimEnd()
}

/** A result with its clause, facts, transcript and command. */
function detail(page: Page, result: Result): void {
  page.gap()
  title(page, result)
  page.field(2, '', 0, result.title)
  if (result.clause.url !== null) page.address(2, result.clause.url)
  page.gap()
  for (const [name, value] of factsOf(result, detailLimits.field))
    page.field(2, name, 8, value, name === 'flaky' ? 'soft' : null)
  transcript(page, result)
  page.gap()
  page.line(`  ${page.paint('dim', 'to repeat this check:')}`)
  page.command(2, result.reproduce, 'calm')
}

function transcript(page: Page, result: Result): void {
  const perRow = page.width < columnsForSixteenBytes ? 8 : 16
  const lines = transcriptOf(result, { ...detailLimits, perRow })
  if (lines.length === 0) return
  page.gap()
  page.field(2, 'transcript', 12, senderLegend, 'dim')
  for (const { time, sign, note, hex } of lines) {
    page.field(2, `${time.padStart(10)} ${sign}`, 12, note)
    for (const row of hex) page.field(17, '', 0, row, 'dim')
  }
}
