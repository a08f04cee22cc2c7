import { verdicts } from '#model/model'
import { expectationStatuses, summaryKeys } from '#model/result'
import type { ExpectationResult, Report, Result } from '#model/result'
import { code, codeBlock, prose } from './escape/markdown.ts'
import { cut } from './escape/visible.ts'
import { commonCauseHeading, commonCauses, commonCauseTitle, exampleIds } from './view/common-causes.ts'
import { detailLines } from './view/detail.ts'
import { headline } from './view/headline.ts'
import type { ReportOptions } from './view/options.ts'
import { limits } from './view/options.ts'
import {
  answerOf,
  capabilitiesOf,
  comparisonOf,
  expectationCounts,
  failuresOf,
  groupsOf,
  unjudgedOf,
  waysToEnable,
  withVerdict,
} from './view/overview.ts'
import type { Group } from './view/overview.ts'
import { clauseLabel } from './view/sections.ts'
import {
  capitalized,
  duration,
  flakyText,
  plural,
  protocolTitle,
  statusSymbols,
  statusWord,
  verdictSymbols,
} from './view/words.ts'

const detailLimits = { field: 1000, entries: 40, bytes: 64 }

/** Characters of one field in a table. */
const tableField = 300

/** Bytes kept for the sentence that says how much was left out. */
const reservedBytes = 400

const verdictsBestFirst = verdicts.toReversed()

/**
 * Markdown for a job summary or a merge request: totals, then failures, then the rest. It stays below what GitHub accepts
 * (1 MiB): failures are left out first, then whole blocks, and the text says how many.
 */
export function markdown(report: Report, _options?: ReportOptions): string {
  const top = [...summary(report), ...findings(report), ...causes(report)]
  const rest = [
    ...warnings(report),
    ...unjudged(report),
    ...expectations(report),
    ...topics(report),
    ...targets(report),
    ...footer(report),
  ]
  const failures = failuresOf(report)
  const heading = failures.length === 0 ? [] : [`## Failures (${failures.length})`]
  const shown = withinBytes(
    heading,
    failures.map(failure),
    limits.markdownBytes - bytesOf([...top, ...rest]) - reservedBytes,
    (count) => `${plural(count, 'more failure')} left out to limit the size; the other reports have them.`,
  )
  const blocks = withinBytes(
    [],
    [...top, ...shown, ...rest],
    limits.markdownBytes - reservedBytes,
    (count) => `${plural(count, 'block')} left out to limit the size.`,
  )
  return `${blocks.join('\n\n')}\n`
}

function bytesOf(blocks: readonly string[]): number {
  return Buffer.byteLength(blocks.join('\n\n'), 'utf8') + 2
}

/** The heading, and as many blocks as fit in so many bytes; then how many were left out. */
function withinBytes(
  heading: readonly string[],
  blocks: readonly string[],
  limit: number,
  leftOut: (count: number) => string,
): string[] {
  const kept = [...heading]
  let used = bytesOf(kept)
  for (const [index, block] of blocks.entries()) {
    used += Buffer.byteLength(block, 'utf8') + 2
    if (used > limit) return [...kept, leftOut(blocks.length - index)]
    kept.push(block)
  }
  return kept
}

/** `numbers`: how many of the last columns hold numbers. */
function table(head: readonly string[], rows: readonly (readonly string[])[], numbers = 0): string {
  const rule = head.map((_, index) => (index >= head.length - numbers ? '--:' : '---'))
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function summary(report: Report): string[] {
  const { ok, word, sentence } = headline(report)
  const { flaky, total } = report.summary
  const counts = verdictsBestFirst.map((verdict) => report.summary[summaryKeys[verdict]])
  const ways = waysToEnable(report)
  return [
    `# ${ok ? verdictSymbols.pass : verdictSymbols.fail} Streamproof: ${word}`,
    `${prose(capitalized(sentence))} (exit status ${report.run.exitCode}).`,
    ...report.targets.map(
      ({ protocol, url }) => `${prose(protocolTitle(report, protocol))}: ${code(cut(url, 500))}`,
    ),
    table(
      ['total', ...verdictsBestFirst.map(verdictCell)],
      [[String(total), ...counts.map(String)]],
      counts.length + 1,
    ),
    ...(flaky === 0 ? [] : [`Of these, ${flaky} flaky.`]),
    ...(ways.length === 0
      ? []
      : [`To run the checks that are not applicable: ${ways.map(prose).join('; ')}.`]),
  ]
}

function verdictCell(verdict: Result['verdict']): string {
  return `${verdictSymbols[verdict]} ${verdict}`
}

function findings(report: Report): string[] {
  if (report.run.findings.length === 0) return []
  return ['## Findings about the whole run', list(report.run.findings)]
}

function causes(report: Report): string[] {
  const rows = commonCauses(report).map((cause) => {
    const { ids, others } = exampleIds(cause)
    const checks = `${ids.map(code).join(', ')}${others === 0 ? '' : ` and ${others} others`}`
    return [prose(commonCauseTitle(cause)), fieldCell(cause.expected), fieldCell(cause.actual), checks]
  })
  if (rows.length === 0) return []
  return [`## ${commonCauseHeading}`, table(['', 'expected', 'actual', 'checks'], rows)]
}

function fieldCell(text: string | null): string {
  return code(cut(text ?? '', tableField))
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${prose(cut(item, 1000))}`).join('\n')
}

function failure(result: Result): string {
  const { clause, expected, actual, reason, level, title } = result
  const flaky = flakyText(result)
  const reference =
    clause.url === null
      ? clauseLabel(clause)
      : `[${clauseLabel(clause)}](${clause.url.replace(/[()\s<>\\]/g, encodeURIComponent)})`
  return [
    `### ${verdictSymbols[result.verdict]} ${code(result.id)}`,
    `${prose(title)} · ${level} · ${reference}${flaky === null ? '' : ` · ${prose(`flaky: ${flaky}`)}`}`,
    expected === null
      ? table(['reason'], [[field(reason)]])
      : table(['expected', 'actual'], [[field(expected), field(actual)]]),
    `<details><summary>Transcript, faults and how to repeat the check</summary>`,
    codeBlock(detailLines(result, detailLimits).slice(2), 'text'),
    '</details>',
  ].join('\n\n')
}

function field(text: string | null): string {
  return code(cut(text ?? '', detailLimits.field))
}

function warnings(report: Report): string[] {
  const results = withVerdict(report, 'warn', 'notice')
  if (results.length === 0) return []
  const rows = results.map(({ verdict, id, clause, expected, actual, reason }) => [
    verdictCell(verdict),
    code(id),
    clauseLabel(clause),
    fieldCell(expected),
    fieldCell(actual ?? reason),
  ])
  return ['## Warnings and notices', table(['', 'check', 'clause', 'expected', 'actual'], rows)]
}

function unjudged(report: Report): string[] {
  const groups = unjudgedOf(report)
  if (groups.length === 0) return []
  const rows = groups.map(({ verdict, reason, ids, enable }) => [
    verdictCell(verdict),
    String(ids.length),
    fieldCell(reason),
    enable === null ? '' : prose(enable),
  ])
  return ['## Not judged', table(['', 'checks', 'reason', 'to run them'], rows)]
}

function expectations(report: Report): string[] {
  if (report.expectations.length === 0) return []
  const counts = expectationCounts(report)
  const sums = expectationStatuses.map((status) => `${counts[status]} ${statusWord(status)}`).join(', ')
  const cell = (statements: readonly ExpectationResult[]): string =>
    statements.map(expectation).join('<br><br>') || '—'
  const { columns, rows } = comparisonOf(report)
  const byProtocol = rows
    .filter(({ cells }) => cells.some(({ length }) => length > 0))
    .map(({ topic, cells }) => [`**${prose(topic)}**`, ...cells.map(cell)])
  const compared = rows
    .filter((row) => row.compared.length > 0)
    .map((row) => [`**${prose(row.topic)}**`, cell(row.compared)])
  return [
    '## Documented expectations',
    `${sums}.`,
    ...(byProtocol.length === 0
      ? []
      : [table(['', ...columns.map(({ title }) => prose(title))], byProtocol)]),
    ...(compared.length === 0 ? [] : [table(['', 'Protocols compared'], compared)]),
  ]
}

function expectation(result: ExpectationResult): string {
  const { id, status, statement } = result
  const { text } = answerOf(result)
  const answer = text === '' ? '' : `<br>${prose(cut(text, 600))}`
  return `${statusSymbols[status]} **${statusWord(status)}** ${id}: ${prose(statement)}${answer}`
}

function topics(report: Report): string[] {
  const rows = groupsOf(report).map((group) => [
    groupTitle(report, group),
    ...verdictsBestFirst.map((verdict) => countCell(group, verdict)),
  ])
  if (rows.length === 0) return []
  const head = ['', ...verdictsBestFirst.map(verdictCell)]
  return ['## Results by topic', table(head, rows, verdictsBestFirst.length)]
}

function groupTitle(report: Report, { topic, protocol, label, title }: Group): string {
  const name = protocolTitle(report, protocol)
  return prose(label === null ? `${topic}: ${name}` : `${name}, ${label}: ${title}`)
}

function countCell({ counts }: Group, verdict: Result['verdict']): string {
  const count = counts[summaryKeys[verdict]]
  return count === 0 ? '' : String(count)
}

function targets(report: Report): string[] {
  return report.targets.flatMap((target) => {
    const { present, broken, absent } = capabilitiesOf(target)
    const rows = [...present, ...broken, ...absent].map((name) => {
      const finding = target.capabilities[name]
      return [code(name), finding?.state ?? '', fieldCell(finding?.evidence ?? null)]
    })
    if (rows.length === 0) return []
    return [
      `## Capabilities: ${prose(protocolTitle(report, target.protocol))}`,
      table(['capability', 'state', 'evidence'], rows),
    ]
  })
}

function footer(report: Report): string[] {
  const { run, tool } = report
  const parts = [
    `Streamproof ${tool.version}`,
    `${run.engine.kind} proxy engine ${run.engine.version}`,
    `seed ${run.seed}`,
    `took ${duration(run.durationMs)}`,
    `node ${run.node}`,
    run.platform,
  ]
  return [parts.map(prose).join(' · ')]
}
