import { isFlaky } from '#model/result'
import type { Report, Result } from '#model/result'
import { alikeName, alikeOf } from './view/alike.ts'
import { detailLines, ordinary } from './view/detail.ts'
import { cut, visible } from './escape/visible.ts'
import { xmlAttribute, xmlText } from './escape/xml.ts'
import { headline } from './view/headline.ts'
import type { ReportOptions } from './view/options.ts'
import { limits } from './view/options.ts'
import { answerOf, groupsOf } from './view/overview.ts'
import type { Group } from './view/overview.ts'
import { statusWord } from './view/words.ts'

/**
 * JUnit XML as CI systems read it. `name` is the check's id, `classname` its group, since GitLab shows that one as the
 * suite. A broken MUST is a `failure`; what could not be judged by fault of the target, the network or ours is an
 * `error`; not-applicable and blocked are `skipped` (the check that blocks stands as failed itself); a broken SHOULD
 * passes and says so in `system-out`. The documented expectations are a suite without cases, so that counts stay true.
 */
export function junit(report: Report, _options?: ReportOptions): string {
  const suites = groupsOf(report)
    .filter(({ results }) => results.length > 0)
    .map((group) => suiteOf(report, group))
  const sums = sum(report.results)
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="streamproof" ${sums} time="${seconds(report.run.durationMs)}">`,
    ...runSuite(report),
    ...suites.flat(),
    '</testsuites>',
  ]
  return `${lines.join('\n')}\n`
}

/** What passed tells its figures, not its transcript. */
const brief = { ...ordinary, entries: 0 }

type State = 'passed' | 'failure' | 'error' | 'skipped'

function stateOf(result: Result): State {
  if (result.verdict === 'fail') return 'failure'
  if (result.verdict === 'harness-error' || result.verdict === 'inconclusive') return 'error'
  if (result.verdict === 'not-applicable' || result.verdict === 'blocked') return 'skipped'
  return 'passed'
}

function sum(results: readonly Result[]): string {
  const count = (state: State): number => results.filter((one) => stateOf(one) === state).length
  return `tests="${results.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`
}

/** What is true of the whole run: who was asked, by what; then the documented expectations, one property each. */
function runSuite(report: Report): string[] {
  const { run, tool } = report
  const { word, says } = headline(report)
  const properties: [string, string][] = [
    ['streamproof', tool.version],
    ['verdict', `${word}: ${says}`],
    ['exit-code', String(run.exitCode)],
    ['complete', String(run.complete)],
    ['seed', String(run.seed)],
    ['engine', `${run.engine.kind} ${run.engine.version}`],
    ['node', run.node],
    ['platform', run.platform],
    ...report.targets.map(({ protocol, url }): [string, string] => [`target.${protocol}`, url]),
    ...run.findings.map((text): [string, string] => ['finding', text]),
    ...alikeOf(report).map((one): [string, string] => [
      'alike',
      `${alikeName(one)}; ${one.expected === null ? '' : `expected ${one.expected}; `}actual: ${one.actual}`,
    ]),
    ...report.expectations.map((one): [string, string] => [
      one.id,
      `${statusWord(one.status)}: ${one.statement}`,
    ]),
  ]
  const said = report.expectations.flatMap((one) => {
    const { text } = answerOf(one)
    const statement = `${one.id} ${statusWord(one.status)}: ${visible(one.statement)}`
    return text === '' ? [statement] : [statement, `    ${visible(text)}`]
  })
  return [
    `  <testsuite name="documented expectations" tests="0" failures="0" errors="0" skipped="0" time="0.000" timestamp="${xmlAttribute(timestamp(run.startedAt))}">`,
    '    <properties>',
    ...properties.map(
      ([name, value]) =>
        `      <property name="${xmlAttribute(name)}" value="${xmlAttribute(cut(value, 2000))}"/>`,
    ),
    '    </properties>',
    ...(said.length === 0 ? [] : [`    <system-out>${xmlText(said.join('\n'))}</system-out>`]),
    '  </testsuite>',
  ]
}

/** JUnit's timestamps have no zone and no fraction. */
function timestamp(iso: string): string {
  return iso.replace(/(\.\d+)?(Z|[+-]\d\d:\d\d)$/, '')
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

function suiteOf(report: Report, group: Group): string[] {
  const name = className(group)
  const time = group.results.reduce((all, { durationMs }) => all + durationMs, 0)
  const seen = new Map<string, number>()
  const cases = group.results.flatMap((result) => {
    // GitLab drops the second of two cases of one name: a check that ran on two targets says on which.
    const times = (seen.get(result.id) ?? 0) + 1
    seen.set(result.id, times)
    return caseOf(result, name, times === 1 ? result.id : `${result.id} (target ${times})`)
  })
  return [
    `  <testsuite name="${xmlAttribute(name)}" ${sum(group.results)} time="${seconds(time)}" timestamp="${xmlAttribute(timestamp(report.run.startedAt))}">`,
    ...cases,
    '  </testsuite>',
  ]
}

/** `websocket.RFC 6455 Control Frames`, `sse.reconnection`: one dot, since readers split at the last one. */
function className({ protocol, topic, label, title }: Group): string {
  const section = label === null ? topic : `${label.replace(/ [\d.]+$/, '')} ${title}`
  return `${protocol ?? 'compared'}.${section.replaceAll('.', '-')}`
}

function caseOf(result: Result, className: string, name: string): string[] {
  const open = `    <testcase classname="${xmlAttribute(className)}" name="${xmlAttribute(name)}" time="${seconds(result.durationMs)}"`
  const inner = caseBody(result)
  return inner.length === 0 ? [`${open}/>`] : [`${open}>`, ...inner, '    </testcase>']
}

function caseBody(result: Result): string[] {
  const { verdict } = result
  const state = stateOf(result)
  const message = cut(messageOf(result), 2000)
  if (state === 'passed') {
    const notable = verdict !== 'pass' || isFlaky(result) || Object.keys(result.measured).length > 0
    return notable ? [`      <system-out>${xmlText(`${verdict}: ${detail(result)}`)}</system-out>`] : []
  }
  if (state === 'skipped') return [`      <skipped message="${xmlAttribute(message)}"/>`]
  return [
    `      <${state} type="${xmlAttribute(verdict)}" message="${xmlAttribute(message)}">${xmlText(detail(result))}</${state}>`,
  ]
}

function messageOf(result: Result): string {
  if (result.expected !== null) return `expected ${result.expected}; actual: ${result.actual ?? 'nothing'}`
  return `${result.verdict}: ${result.reason ?? result.actual ?? result.title}`
}

function detail(result: Result): string {
  return cut(
    detailLines(result, result.verdict === 'pass' ? brief : ordinary)
      .map(visible)
      .join('\n'),
    limits.junitDetailBytes,
  )
}
