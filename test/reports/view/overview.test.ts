import { expect } from 'chai'
import { comparisonOf, groupsOf, unjudgedOf, waysToEnable } from '#reports/view/overview'
import { sectionOf } from '#reports/view/sections'
import { headline } from '#reports/view/headline'
import { mixedReport, passingReport, reportOf } from '../support/fixture.ts'

describe('reports: the views that they are written from', () => {
  it('put every result into one group', () => {
    const report = mixedReport()
    const grouped = groupsOf(report).flatMap(({ results }) => results.map(({ id }) => id))
    expect(grouped.toSorted()).to.deep.equal(report.results.map(({ id }) => id).toSorted())
  })

  it('group the checks of a protocol by section of its standard, down to the second level', () => {
    const at = (spec: 'RFC6455' | 'RFC7692' | 'HTML' | 'STREAMPROOF', section: string): string => {
      const { label, title } = sectionOf({ spec, section, url: null })
      return `${label}: ${title}`
    }
    expect(at('RFC6455', '5.5.1')).to.equal('RFC 6455 5.5: Control Frames')
    expect(at('RFC6455', '7.4.1')).to.equal('RFC 6455 7.4: Status Codes')
    expect(at('RFC7692', '7.1.2.1')).to.equal('RFC 7692 7.1: Extension Parameters')
    expect(at('RFC6455', '10')).to.equal('RFC 6455 10: Security Considerations')
    expect(at('RFC6455', '99.1')).to.equal('RFC 6455 99.1: Section 99.1')
    expect(at('HTML', 'parsing-an-event-stream')).to.equal('HTML: Parsing an Event Stream')
    expect(at('STREAMPROOF', 'prompt-reconnect')).to.equal('Streamproof: Prompt reconnect')
  })

  it('group checks that were not judged by reason, with what would make them apply', () => {
    expect(unjudgedOf(mixedReport()).map(({ verdict, ids }) => `${verdict} ${ids.length}`)).to.deep.equal([
      'not-applicable 2',
      'not-applicable 1',
      'blocked 1',
      'inconclusive 1',
    ])
    expect(waysToEnable(mixedReport())).to.deep.equal([
      'a target that accepts permessage-deflate (ws.deflate)',
      '--denied-origin ORIGIN',
    ])
  })

  it('compare the documented expectations by topic, each once', () => {
    const { columns, rows } = comparisonOf(mixedReport())
    expect(columns.map(({ title }) => title)).to.deep.equal(['WebSocket', 'Server-Sent Events'])
    expect(rows.map(({ topic }) => topic)).to.deep.equal([
      'connection',
      'use cases',
      'compatibility',
      'performance',
      'reconnection',
      'security',
      'limitations',
      'scalability',
    ])
    expect(rows.flatMap(({ cells, compared }) => [...cells.flat(), ...compared])).to.have.length(23)
  })

  it('have a headline for every exit status', () => {
    const words = [0, 1, 2, 3, 4, 130].map((status) => headline(reportOf(mixedReport().results, status)).word)
    expect(words).to.deep.equal([
      'passed',
      'failed',
      'no verdict',
      'setup failed',
      'harness error',
      'interrupted',
    ])
    const late = reportOf(mixedReport().results, 1)
    expect(headline({ ...late, run: { ...late.run, complete: false } })).to.deep.equal({
      ok: false,
      word: 'time limit reached',
      sentence:
        '--max-time ended the run before every check was judged: 141 checks were judged; 3 requirements are broken',
    })
    const broken = { ...late.run, complete: false, exitCode: 4 }
    expect(headline({ ...late, run: broken }).word).to.equal('harness error')
    expect(headline(reportOf(mixedReport().results, 0)).sentence).to.equal(
      '130 of 141 checks passed; 3 checks failed, which --fail-on ignores',
    )
    const half = mixedReport().results.filter(({ protocol }) => protocol === 'websocket')
    expect(headline(reportOf(half, 2)).sentence).to.equal(
      'no MUST check of the Server-Sent Events target passed or failed; elsewhere 2 requirements are broken',
    )
    expect(headline(reportOf(mixedReport().results, 2)).sentence).to.equal(
      '1 inconclusive result: too many to trust a pass',
    )
    const refused = mixedReport().results.map((result) =>
      result.protocol === 'sse'
        ? { ...result, verdict: 'inconclusive' as const, reason: 'target-refused: TCP' }
        : result,
    )
    const others = refused.filter(({ verdict }) => verdict === 'inconclusive').length
    expect(headline(reportOf(refused, 2)).sentence).to.equal(
      `no MUST check of the Server-Sent Events target passed or failed (${others - 1} of ${others} inconclusive: target-refused: TCP); elsewhere 2 requirements are broken`,
    )
    expect(headline({ ...passingReport(), run: { ...passingReport().run, complete: false } }).ok).to.equal(
      false,
    )
  })
})
