import { expect } from 'chai'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { junit } from '#reports/junit'
import { mixedReport, passingReport, reportOf } from './support/fixture.ts'
import { result } from './support/results.ts'
import { hostile, reportSaying } from './support/hostile.ts'

interface Case {
  readonly '@name': string
  readonly '@classname': string
  readonly failure?: unknown
  readonly error?: unknown
  readonly skipped?: unknown
  readonly 'system-out'?: unknown
}

interface Suite {
  readonly '@name': string
  readonly '@tests': string
  readonly '@failures': string
  readonly '@errors': string
  readonly '@skipped': string
  readonly testcase?: readonly Case[]
  readonly properties?: {
    readonly property: readonly { readonly '@name': string; readonly '@value': string }[]
  }
}

interface Suites {
  readonly '@tests': string
  readonly '@failures': string
  readonly '@errors': string
  readonly '@skipped': string
  readonly testsuite: readonly Suite[]
}

function read(xml: string): Suites {
  expect(XMLValidator.validate(xml)).to.equal(true)
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    isArray: (name) => ['testsuite', 'testcase', 'property'].includes(name),
  })
  return (parser.parse(xml) as { testsuites: Suites }).testsuites
}

describe('reports: junit', () => {
  it('counts its cases, in each suite and in all', () => {
    for (const report of [mixedReport(), passingReport(), reportSaying(hostile)]) {
      const all = read(junit(report))
      const cases = all.testsuite.flatMap(({ testcase }) => testcase ?? [])
      const expected = counts(cases)
      expect(all).to.include(expected)
      expect(expected['@tests']).to.equal(String(report.summary.total))
      for (const suite of all.testsuite)
        expect(suite, suite['@name']).to.include(counts(suite.testcase ?? []))
    }
  })

  it('maps every verdict and contains every check', () => {
    const report = mixedReport()
    const cases = read(junit(report)).testsuite.flatMap(({ testcase }) => testcase ?? [])
    const kinds = new Map(cases.map((testcase) => [testcase['@name'], kindOf(testcase)]))
    expect([...kinds.keys()].toSorted()).to.deep.equal(report.results.map(({ id }) => id).toSorted())
    expect(kinds.get('ws/control/ping-over-125')).to.equal('failure')
    expect(kinds.get('ws/codes/rule-3')).to.equal('passed, with output')
    expect(kinds.get('ws/codes/rule-4')).to.equal('passed, with output')
    expect(kinds.get('ws/codes/rule-1')).to.equal('passed')
    expect(kinds.get('ws/deflate/rule-1')).to.equal('skipped')
    expect(kinds.get('sse/resume/rule-3')).to.equal('skipped')
    expect(kinds.get('ws/reconnect/rule-4')).to.equal('error')
    expect(kinds.get('sse/grammar/rule-9')).to.equal('error')
    expect(kinds.get('ws/origin/denied')).to.equal('failure')
    expect(kinds.get('sse/resume/cut-inside-event'), 'a flaky failure').to.equal('failure')
  })

  it('uses the group of a check as its class name, with one dot', () => {
    const cases = read(junit(mixedReport())).testsuite.flatMap(({ testcase }) => testcase ?? [])
    const classes = new Map(cases.map((testcase) => [testcase['@name'], testcase['@classname']]))
    expect(classes.get('ws/control/ping-over-125')).to.equal('websocket.RFC 6455 Control Frames')
    expect(classes.get('sse/resume/rule-1')).to.equal('sse.reconnection')
    for (const name of classes.values()) expect(name.split('.')).to.have.length(2)
  })

  it('gives two results of one check different names', () => {
    const twice = [0, 1].map((target) => ({
      ...result('ws/a/b', { spec: 'RFC6455', section: '5.5' }, 'protocol'),
      target,
    }))
    const cases = read(junit(reportOf(twice, 0))).testsuite.flatMap(({ testcase }) => testcase ?? [])
    expect(cases.map((testcase) => testcase['@name'])).to.deep.equal(['ws/a/b', 'ws/a/b (target 2)'])
  })

  it('contains the documented expectations without counting them as tests', () => {
    const [first] = read(junit(mixedReport())).testsuite
    const names = (first?.properties?.property ?? []).map((property) => property['@name'])
    expect(first?.['@name']).to.equal('documented expectations')
    expect(first?.['@tests']).to.equal('0')
    expect(names.filter((name) => name.startsWith('EXP-'))).to.have.length(23)
    expect(names).to.include.members(['seed', 'engine', 'exit-code', 'target.websocket'])
  })

  it('has the evidence in the text of a failure, which is what GitLab shows', () => {
    const text = junit(mixedReport())
    expect(text).to.include(
      '<failure type="fail" message="expected the target to end the connection; actual: a Pong',
    )
    expect(text).to.include(
      '      4.9 ms &lt; PONG, 126 bytes\n               8a7e 007e 0102 0102 0102 0102 0102 0102  .~.~............',
    )
    expect(text).to.include('repeat    streamproof run')
  })

  it('keeps its structure with hostile text', () => {
    const [calm, wild] = [reportSaying('calm'), reportSaying(hostile)].map((report) => read(junit(report)))
    expect(shape(wild)).to.deep.equal(shape(calm))
    expect(junit(reportSaying(hostile))).to.match(/^[\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u)
  })
})

function counts(cases: readonly Case[]): Record<string, string> {
  const having = (name: keyof Case): string =>
    String(cases.filter((testcase) => testcase[name] !== undefined).length)
  return {
    '@tests': String(cases.length),
    '@failures': having('failure'),
    '@errors': having('error'),
    '@skipped': having('skipped'),
  }
}

function kindOf(testcase: Case): string {
  for (const kind of ['failure', 'error', 'skipped'] as const) if (testcase[kind] !== undefined) return kind
  return testcase['system-out'] === undefined ? 'passed' : 'passed, with output'
}

/** The structure of elements and attributes, without their texts. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape)
  if (typeof value !== 'object' || value === null) return null
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]))
}
