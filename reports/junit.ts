import { isFlaky } from '#model/result'
import type { Report, Result } from '#model/result'
import { cut, visible } from './escape/visible.ts'
import { xmlAttribute, xmlText } from './escape/xml.ts'
import { commonCauses, commonCauseTitle } from './view/common-causes.ts'
import { defaultLimits, detailLines } from './view/detail.ts'
import { headline } from './view/headline.ts'
import type { ReportOptions } from './view/options.ts'
import { limits } from './view/options.ts'
import { answerOf, groupsOf } from './view/overview.ts'
import type { Group } from './view/overview.ts'
import { statusWord } from './view/words.ts'

/**
 * JUnit XML as CI systems read it. `name` is the id of the check, `classname` its group, which GitLab shows as the suite.
 * `fail` is a `failure`; `inconclusive` and `harness-error` are an `error`; `not-applicable` and `blocked` are `skipped`
 * (the prerequisite has failed already); `warn` and `notice` pass, with the details in `system-out`. The documented
 * expectations are a suite without cases, so that they are not counted as tests.
 */
export function junit(report: Report, _options?: ReportOptions): string {
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="streamproof" ${countAttributes(report.results)} time="${seconds(report.run.durationMs)}">`,
    ...runSuite(report),
    ...groupsOf(report).flatMap((group) => suiteOf(report, group)),
    '</testsuites>',
  ]
  return `${lines.join('\n')}\n`
}

/** For a pass: figures without a transcript. */
const withoutTranscript = { ...defaultLimits, entries: 0 }

/** Characters of a message or of the value of a property. */
const attributeLength = 2000

type State = 'passed' | 'failure' | 'error' | 'skipped'

const states: Readonly<Record<Result['verdict'], State>> = {
  pass: 'passed',
  warn: 'passed',
  notice: 'passed',
  fail: 'failure',
  inconclusive: 'error',
  'harness-error': 'error',
  'not-applicable': 'skipped',
  blocked: 'skipped',
}

function countAttributes(results: readonly Result[]): string {
  const count = (state: State): number => results.filter(({ verdict }) => states[verdict] === state).length
  return `tests="${results.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`
}

/** What is true of the whole run, and the documented expectations: one property each. */
function runSuite(report: Report): string[] {
  const { run, tool } = report
  const { word, sentence } = headline(report)
  const properties: [name: string, value: string][] = [
    ['streamproof', tool.version],
    ['verdict', `${word}: ${sentence}`],
    ['exit-code', String(run.exitCode)],
    ['complete', String(run.complete)],
    ['seed', String(run.seed)],
    ['engine', `${run.engine.kind} ${run.engine.version}`],
    ['node', run.node],
    ['platform', run.platform],
    ...report.targets.map(({ protocol, url }): [string, string] => [`target.${protocol}`, url]),
    ...run.findings.map((finding): [string, string] => ['finding', finding]),
    ...commonCauses(report).map((cause): [string, string] => {
      const expected = cause.expected === null ? '' : `expected ${cause.expected}; `
      return ['common-cause', `${commonCauseTitle(cause)}; ${expected}actual: ${cause.actual}`]
    }),
    ...report.expectations.map(({ id, status, statement }): [string, string] => [
      id,
      `${statusWord(status)}: ${statement}`,
    ]),
  ]
  const output = report.expectations.flatMap((expectation) => {
    const { text } = answerOf(expectation)
    const statement = `${expectation.id} ${statusWord(expectation.status)}: ${visible(expectation.statement)}`
    return text === '' ? [statement] : [statement, `    ${visible(text)}`]
  })
  return [
    `  <testsuite name="documented expectations" ${countAttributes([])} time="0.000" timestamp="${xmlAttribute(timestamp(run.startedAt))}">`,
    '    <properties>',
    ...properties.map(
      ([name, value]) =>
        `      <property name="${xmlAttribute(name)}" value="${xmlAttribute(cut(value, attributeLength))}"/>`,
    ),
    '    </properties>',
    ...(output.length === 0 ? [] : [`    <system-out>${xmlText(output.join('\n'))}</system-out>`]),
    '  </testsuite>',
  ]
}

/** JUnit has timestamps without a zone and without fractions of a second. */
function timestamp(iso: string): string {
  return iso.replace(/(\.\d+)?(Z|[+-]\d\d:\d\d)$/, '')
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

function suiteOf(report: Report, group: Group): string[] {
  const name = classNameOf(group)
  const time = group.results.reduce((total, { durationMs }) => total + durationMs, 0)
  const timesSeen = new Map<string, number>()
  const cases = group.results.flatMap((result) => {
    // GitLab drops the second of two cases with the same name, so a check on several targets names its target.
    const times = (timesSeen.get(result.id) ?? 0) + 1
    timesSeen.set(result.id, times)
    return caseOf(result, name, times === 1 ? result.id : `${result.id} (target ${times})`)
  })
  return [
    `  <testsuite name="${xmlAttribute(name)}" ${countAttributes(group.results)} time="${seconds(time)}" timestamp="${xmlAttribute(timestamp(report.run.startedAt))}">`,
    ...cases,
    '  </testsuite>',
  ]
}

/** `websocket.RFC 6455 Control Frames`, `sse.reconnection`: one dot, because readers split at the last one. */
function classNameOf({ protocol, topic, label, title }: Group): string {
  const section = label === null ? topic : `${label.replace(/ [\d.]+$/, '')} ${title}`
  return `${protocol ?? 'compared'}.${section.replaceAll('.', '-')}`
}

function caseOf(result: Result, className: string, name: string): string[] {
  const open = `    <testcase classname="${xmlAttribute(className)}" name="${xmlAttribute(name)}" time="${seconds(result.durationMs)}"`
  const body = caseBody(result)
  return body.length === 0 ? [`${open}/>`] : [`${open}>`, ...body, '    </testcase>']
}

function caseBody(result: Result): string[] {
  const { verdict } = result
  const state = states[verdict]
  if (state === 'passed') {
    const hasMore = verdict !== 'pass' || isFlaky(result) || Object.keys(result.measured).length > 0
    return hasMore ? [`      <system-out>${xmlText(`${verdict}: ${detail(result)}`)}</system-out>`] : []
  }
  const message = xmlAttribute(cut(messageOf(result), attributeLength))
  if (state === 'skipped') return [`      <skipped message="${message}"/>`]
  return [
    `      <${state} type="${xmlAttribute(verdict)}" message="${message}">${xmlText(detail(result))}</${state}>`,
  ]
}

function messageOf({ verdict, expected, actual, reason, title }: Result): string {
  if (expected !== null) return `expected ${expected}; actual: ${actual ?? 'nothing'}`
  return `${verdict}: ${reason ?? actual ?? title}`
}

function detail(result: Result): string {
  return cut(
    detailLines(result, result.verdict === 'pass' ? withoutTranscript : defaultLimits)
      .map(visible)
      .join('\n'),
    limits.junitDetailBytes,
  )
}
