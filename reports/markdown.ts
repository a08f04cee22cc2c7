import { summaryKeys } from '#model/result'
import type { ExpectationResult, Report, Result } from '#model/result'
import { alikeName, alikeOf, alikeSuch } from './view/alike.ts'
import { detailLines } from './view/detail.ts'
import { code, codeBlock, prose } from './escape/markdown.ts'
import { cut } from './escape/visible.ts'
import { headline } from './view/headline.ts'
import type { ReportOptions } from './view/options.ts'
import { limits } from './view/options.ts'
import {
  answerOf,
  capabilitiesOf,
  comparisonOf,
  expectationCounts,
  fallenOf,
  groupsOf,
  remedies,
  unjudgedOf,
  withVerdict,
} from './view/overview.ts'
import type { Group } from './view/overview.ts'
import { clauseLabel } from './view/sections.ts'
import {
  duration,
  expectationStatuses,
  expectationSymbols,
  flakyText,
  plural,
  statusWord,
  symbols,
  protocolTitle,
  verdicts,
} from './view/words.ts'

const detailLimits = { field: 1000, entries: 40, bytes: 64 }

/**
 * Markdown for a job summary or a merge request: totals first, then what fell, then the rest. Bounded to what GitHub
 * takes (1 MiB): details of failures give way first, whole sections after them, and both say so.
 */
export function markdown(report: Report, _options?: ReportOptions): string {
  const top = [...summary(report), ...findings(report), ...alike(report)]
  const fallen = fallenOf(report)
  const rest = [
    ...softer(report),
    ...unjudged(report),
    ...expectations(report),
    ...topics(report),
    ...targets(report),
    ...footer(report),
  ]
  const spent = bytes([...top, ...rest])
  const failures = within(
    fallen.length === 0 ? [] : [`## What fell (${fallen.length})`],
    fallen.map(failure),
    limits.markdownBytes - spent - 400,
    (left) => `${plural(left, 'more failure')} left out here for want of room: the other reports have them.`,
  )
  const whole = [...top, ...failures, ...rest]
  return `${within([], whole, limits.markdownBytes - 400, (left) => `${plural(left, 'block')} left out for want of room.`).join('\n\n')}\n`
}

function bytes(blocks: readonly string[]): number {
  return Buffer.byteLength(blocks.join('\n\n'), 'utf8') + 2
}

/** As many blocks as there is room for; then how many were left out. */
function within(
  head: string[],
  blocks: readonly string[],
  room: number,
  said: (left: number) => string,
): string[] {
  const kept = [...head]
  let spent = bytes(kept)
  for (const [index, block] of blocks.entries()) {
    spent += Buffer.byteLength(block, 'utf8') + 2
    if (spent > room) return [...kept, said(blocks.length - index)]
    kept.push(block)
  }
  return kept
}

function table(head: readonly string[], rows: readonly (readonly string[])[], numbers = 0): string {
  const rule = head.map((_, index) => (index >= head.length - numbers ? '--:' : '---'))
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function summary(report: Report): string[] {
  const { ok, word, says } = headline(report)
  const counts = verdicts.toReversed().map((verdict) => report.summary[summaryKeys[verdict]])
  const { flaky, total } = report.summary
  const remedy = remedies(report)
  return [
    `# ${ok ? symbols.pass : symbols.fail} Streamproof: ${word}`,
    `${prose(says.charAt(0).toUpperCase() + says.slice(1))} (exit status ${report.run.exitCode}).`,
    ...report.targets.map(
      ({ protocol, url }) => `${protocolTitle(report, protocol)}: ${code(cut(url, 500))}`,
    ),
    table(
      ['total', ...verdicts.toReversed().map((verdict) => `${symbols[verdict]} ${verdict}`)],
      [[String(total), ...counts.map(String)]],
      verdicts.length + 1,
    ),
    ...(flaky === 0 ? [] : [`Of these, ${flaky} flaky.`]),
    ...(remedy.length === 0
      ? []
      : [`Not-applicable checks are turned on by: ${remedy.map(prose).join('; ')}.`]),
  ]
}

function findings(report: Report): string[] {
  if (report.run.findings.length === 0) return []
  return ['## Findings of the run', list(report.run.findings)]
}

function alike(report: Report): string[] {
  const rows = alikeOf(report).map((one) => {
    const { ids, more } = alikeSuch(one)
    const such = `${ids.map(code).join(', ')}${more === 0 ? '' : ` and ${more} more`}`
    return [prose(alikeName(one)), code(cut(one.expected ?? '', 300)), code(cut(one.actual, 300)), such]
  })
  if (rows.length === 0) return []
  return ['## What fell in the same way', table(['', 'expected', 'actual', 'such as'], rows)]
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${prose(cut(item, 1000))}`).join('\n')
}

function failure(result: Result): string {
  const { clause } = result
  const flaky = flakyText(result)
  const where =
    clause.url === null
      ? clauseLabel(clause)
      : `[${clauseLabel(clause)}](${clause.url.replace(/[()\s<>\\]/g, encodeURIComponent)})`
  return [
    `### ${symbols[result.verdict]} ${code(result.id)}`,
    `${prose(result.title)} · ${result.level} · ${where}${flaky === null ? '' : ` · ${prose(`flaky: ${flaky}`)}`}`,
    result.expected === null
      ? table(['reason'], [[field(result.reason)]])
      : table(['expected', 'actual'], [[field(result.expected), field(result.actual)]]),
    `<details><summary>Transcript, faults and how to repeat it</summary>`,
    codeBlock(detailLines(result, detailLimits).slice(2), 'text'),
    '</details>',
  ].join('\n\n')
}

function field(value: string | null): string {
  return code(cut(value ?? '', detailLimits.field))
}

function softer(report: Report): string[] {
  const found = withVerdict(report, 'warn', 'notice')
  if (found.length === 0) return []
  const rows = found.map((one) => [
    `${symbols[one.verdict]} ${one.verdict}`,
    code(one.id),
    clauseLabel(one.clause),
    code(cut(one.expected ?? '', 300)),
    code(cut(one.actual ?? one.reason ?? '', 300)),
  ])
  return [
    '## Recommendations not followed, and notices',
    table(['', 'check', 'clause', 'expected', 'actual'], rows),
  ]
}

function unjudged(report: Report): string[] {
  const groups = unjudgedOf(report)
  if (groups.length === 0) return []
  const rows = groups.map(({ verdict, reason, ids, turnOn }) => [
    `${symbols[verdict]} ${verdict}`,
    String(ids.length),
    code(cut(reason, 300)),
    turnOn === null ? '' : prose(turnOn),
  ])
  return ['## Not judged', table(['', 'checks', 'reason', 'what would turn them on'], rows)]
}

function expectations(report: Report): string[] {
  if (report.expectations.length === 0) return []
  const counts = expectationCounts(report)
  const sums = expectationStatuses.map((status) => `${counts[status]} ${statusWord(status)}`).join(', ')
  const cell = (rows: readonly ExpectationResult[]): string => rows.map(expectation).join('<br><br>') || '—'
  const { columns, rows } = comparisonOf(report)
  const sides = rows
    .filter(({ cells }) => cells.some(({ length }) => length > 0))
    .map(({ topic, cells }) => [`**${prose(topic)}**`, ...cells.map(cell)])
  const together = rows
    .filter(({ compared }) => compared.length > 0)
    .map(({ topic, compared }) => [`**${prose(topic)}**`, cell(compared)])
  return [
    '## Documented expectations',
    `${sums}.`,
    ...(sides.length === 0 ? [] : [table(['', ...columns.map(({ title }) => prose(title))], sides)]),
    ...(together.length === 0 ? [] : [table(['', 'Protocols compared'], together)]),
  ]
}

function expectation(one: ExpectationResult): string {
  const { text } = answerOf(one)
  const said = text === '' ? '' : `<br>${prose(cut(text, 600))}`
  return `${expectationSymbols[one.status]} **${statusWord(one.status)}** ${one.id}: ${prose(one.statement)}${said}`
}

function topics(report: Report): string[] {
  const rows = groupsOf(report).map((group) => [
    groupName(report, group),
    ...verdicts.toReversed().map((verdict) => count(group, verdict)),
  ])
  if (rows.length === 0) return []
  const head = ['', ...verdicts.toReversed().map((verdict) => `${symbols[verdict]} ${verdict}`)]
  return ['## Results by topic', table(head, rows, verdicts.length)]
}

function groupName(report: Report, { topic, protocol, label, title }: Group): string {
  const name = protocolTitle(report, protocol)
  return prose(label === null ? `${topic}: ${name}` : `${name}, ${label}: ${title}`)
}

function count({ counts }: Group, verdict: Result['verdict']): string {
  const found = counts[summaryKeys[verdict]]
  return found === 0 ? '' : String(found)
}

function targets(report: Report): string[] {
  return report.targets.flatMap((target) => {
    const { present, broken, absent } = capabilitiesOf(target)
    const rows = [...present, ...broken, ...absent].map((name) => {
      const finding = target.capabilities[name]
      return [code(name), finding?.state ?? '', code(cut(finding?.evidence ?? '', 300))]
    })
    if (rows.length === 0) return []
    return [
      `## What was found: ${prose(protocolTitle(report, target.protocol))}`,
      table(['capability', '', 'evidence'], rows),
    ]
  })
}

function footer(report: Report): string[] {
  const { run, tool } = report
  const parts = [
    `Streamproof ${tool.version}`,
    `${run.engine.kind} engine ${run.engine.version}`,
    `seed ${run.seed}`,
    duration(run.durationMs),
    `node ${run.node}`,
    run.platform,
  ]
  return [parts.map(prose).join(' · ')]
}
