import type { Report, Result } from '#model/result'
import { alikeName, alikeOf, alikeSuch } from '#reports/view/alike'
import { factsOf, transcriptOf } from '#reports/view/detail'
import { columns } from '#reports/escape/terminal'
import { fallenOf, withVerdict } from '#reports/view/overview'
import { clauseLabel } from '#reports/view/sections'
import type { Page } from './page.ts'
import { verdictPaint } from './page.ts'

const detailed = { field: 600, entries: 24, bytes: 64 }

/** Below this many columns a row of sixteen bytes does not fit. */
const wide = 74

/** Failures that are shown with their transcripts; of a target that breaks everything, the others are shown short. */
const wholeFailures = 12

/** What many falls have in common, before any of them: one cause is easily lost among its hundred effects. */
export function alike(page: Page, report: Report): void {
  const found = alikeOf(report)
  if (found.length === 0) return
  page.heading('What fell in the same way')
  for (const one of found) {
    const { ids, more } = alikeSuch(one)
    page.gap()
    page.field(2, '', 0, alikeName(one), one.counts.fail + one.counts.harnessError > 0 ? 'bad' : 'soft')
    if (one.expected !== null) page.field(2, 'expected', 8, one.expected)
    page.field(2, one.expected === null ? 'reason' : 'actual', 8, one.actual)
    if (one.ended !== null) page.field(2, 'ended', 8, one.ended)
    page.field(2, 'such as', 8, `${ids.join(', ')}${more === 0 ? '' : ` and ${more} more`}`)
  }
}

/** What was seen without being a failure: in short, before the failures. */
export function softer(page: Page, report: Report): void {
  const found = withVerdict(report, 'warn', 'notice')
  if (found.length === 0) return
  page.heading(`Recommendations not followed, and notices (${found.length})`)
  shortList(page, report, found)
}

/** Last before the sum, since that is where a terminal stands when the run is over. */
export function failures(page: Page, report: Report): void {
  const found = fallenOf(report)
  if (found.length === 0) return
  page.heading(`What fell (${found.length})`)
  // Of those that fell in the same way, one transcript tells as much as all.
  const repeated = new Set(alikeOf(report).flatMap(({ results }) => results.slice(1)))
  const first = [...found.filter((one) => !repeated.has(one)), ...found.filter((one) => repeated.has(one))]
  const shown = new Set(first.slice(0, wholeFailures))
  for (const result of found.filter((one) => shown.has(one))) whole(page, result)
  const others = found.filter((one) => !shown.has(one))
  if (others.length === 0) return
  page.heading(`${others.length} more, in short; report.json has their transcripts`)
  shortList(page, report, others)
}

function title(page: Page, result: Result): void {
  const symbol = page.symbol(result.verdict)
  const clause = `${result.level} ${clauseLabel(result.clause)}`
  const used = columns(symbol) + 1 + columns(page.text(result.id))
  const room = page.width - used - columns(page.text(clause))
  const id = page.paint(verdictPaint[result.verdict], `${symbol} ${result.id}`)
  if (room >= 2) {
    page.line(`${id}${' '.repeat(room)}${page.paint('dim', clause)}`)
    return
  }
  page.line(id)
  page.field(2, '', 0, clause, 'dim')
}

/** The command that repeats them stands once above them, where they differ in it by their id alone. */
function shortList(page: Page, report: Report, results: readonly Result[]): void {
  const commands = new Set(results.map(({ id, reproduce }) => generic(reproduce, id)))
  const [common = ''] = commands
  const isCommon = results.length > 1 && commands.size === 1 && common.includes('--only ID')
  if (isCommon) {
    page.gap()
    page.line(`  ${page.paint('dim', 'again, each by its id')}`)
    page.command(2, common, 'calm')
  }
  const grouped = new Set(alikeOf(report).flatMap((one) => one.results))
  for (const result of results) {
    page.gap()
    title(page, result)
    page.field(2, '', 0, result.title)
    for (const [name, value] of factsOf(result, 300)) {
      // What they have in common was said once.
      const isSaid = grouped.has(result) && name !== 'flaky'
      if (!isSaid && ['expected', 'actual', 'reason', 'flaky'].includes(name)) page.field(2, name, 8, value)
    }
    if (!isCommon) page.command(2, result.reproduce, 'calm')
  }
}

function generic(command: string, id: string): string {
  return `${command} `.replace(` --only ${id} `, ' --only ID ').trimEnd()
}

function whole(page: Page, result: Result): void {
  page.gap()
  title(page, result)
  page.field(2, '', 0, result.title)
  if (result.clause.url !== null) page.address(2, result.clause.url)
  page.gap()
  for (const [name, value] of factsOf(result, detailed.field)) {
    const paint = name === 'flaky' ? 'soft' : null
    page.field(2, name, 8, value, paint)
  }
  transcript(page, result)
  page.gap()
  page.line(`  ${page.paint('dim', 'again')}`)
  page.command(2, result.reproduce, 'calm')
}

function transcript(page: Page, result: Result): void {
  const lines = transcriptOf(result, { ...detailed, perRow: page.width < wide ? 8 : 16 })
  if (lines.length === 0) return
  page.gap()
  page.field(2, 'transcript', 12, '> from us   < from the target   = from the link', 'dim')
  for (const { time, sign, note, hex } of lines) {
    page.field(2, `${time.padStart(10)} ${sign}`, 12, note)
    for (const row of hex) page.field(17, '', 0, row, 'dim')
  }
}
