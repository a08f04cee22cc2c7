import type { Report, Result } from '../../harness/check/result.ts'
import { factsOf, transcriptOf } from '../detail.ts'
import { columns } from '../escape/terminal.ts'
import { fallenOf, withVerdict } from '../overview.ts'
import { clauseLabel } from '../sections.ts'
import type { Page } from './page.ts'
import { verdictPaint } from './page.ts'

const detailed = { field: 600, entries: 24, bytes: 64 }

/** Failures that are shown with their transcripts; of a target that breaks everything, the others are shown short. */
const wholeFailures = 12

/** What was seen without being a failure: in short, before the failures. */
export function softer(page: Page, report: Report): void {
  const found = withVerdict(report, 'warn', 'notice')
  if (found.length === 0) return
  page.heading(`Recommendations not followed, and notices (${found.length})`)
  for (const result of found) short(page, result)
}

/** Last before the sum, since that is where a terminal stands when the run is over. */
export function failures(page: Page, report: Report): void {
  const found = fallenOf(report)
  if (found.length === 0) return
  page.heading(`What fell (${found.length})`)
  for (const result of found.slice(0, wholeFailures)) whole(page, result)
  const others = found.slice(wholeFailures)
  if (others.length === 0) return
  page.heading(`${others.length} more, in short; report.json has their transcripts`)
  for (const result of others) short(page, result)
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
  page.verbatim(2, clause, 'dim')
}

function short(page: Page, result: Result): void {
  page.gap()
  title(page, result)
  page.field(2, '', 0, result.title)
  for (const [name, value] of factsOf(result, 300)) {
    if (['expected', 'actual', 'reason', 'overlay'].includes(name)) page.field(2, name, 8, value)
  }
  page.verbatim(2, result.reproduce, 'calm')
}

function whole(page: Page, result: Result): void {
  page.gap()
  title(page, result)
  page.field(2, '', 0, result.title)
  if (result.clause.url !== null) page.verbatim(2, result.clause.url, 'link')
  page.gap()
  for (const [name, value] of factsOf(result, detailed.field)) {
    const paint = name === 'overlay' ? 'soft' : null
    page.field(2, name, 8, value, paint)
  }
  transcript(page, result)
  page.gap()
  page.line(`  ${page.paint('dim', 'again')}`)
  page.verbatim(2, result.reproduce, 'calm')
}

function transcript(page: Page, result: Result): void {
  const lines = transcriptOf(result, detailed)
  if (lines.length === 0) return
  page.gap()
  page.line(`  ${page.paint('dim', 'transcript   > from us   < from the target   = from the link')}`)
  for (const { time, sign, note, hex } of lines) {
    page.field(2, `${time.padStart(10)} ${sign}`, 12, note)
    for (const row of hex) page.verbatim(17, row, 'dim')
  }
}
