import { expect } from 'chai'
import type { Report } from '#model/result'
import { formats } from '#reports/index'
import { mixedReport, reportOf } from './support/fixture.ts'
import { blocksOf } from './support/readers.ts'
import { result } from './support/results.ts'

const clause = { spec: 'STREAMPROOF', section: 'echo' } as const
const lineProtocol = { id: 'line', title: 'Line echo', shortTitle: 'Line' }

/** A run that knows one protocol, of which no report has heard. */
function lineReport(): Report {
  const report = reportOf(
    [
      { ...result('line/echo/same', clause, 'protocol'), protocol: 'line', target: 0 },
      {
        ...result('line/echo/quick', clause, 'performance', { verdict: 'fail', expected: 'a', actual: 'b' }),
        protocol: 'line',
        target: 0,
      },
    ],
    1,
  )
  return {
    ...report,
    protocols: [lineProtocol],
    targets: [{ role: 'server', protocol: 'line', url: 'tcp://host:7', capabilities: {} }],
    expectations: [],
  }
}

describe('reports: protocols', () => {
  for (const format of ['terminal', 'html', 'markdown', 'junit'] as const) {
    it(`are named in ${format} as the report names them`, () => {
      const text = formats[format](lineReport())
      expect(text).to.include(format === 'junit' ? 'classname="line.performance"' : 'Line echo')
      expect(text).to.include('line/echo/quick')
      expect(text).to.not.match(/WebSocket|Server-Sent/)
    })
  }

  it('are in the order of the report', () => {
    const { protocols, ...report } = mixedReport()
    const text = formats.terminal({ ...report, protocols: protocols.toReversed() })
    expect(text.indexOf('Protocol: Server-Sent Events')).to.be.within(1, text.indexOf('Protocol: WebSocket'))
  })

  it('have a column each in the comparison, if there is a statement about them', () => {
    const report = mixedReport()
    const statement = {
      ...report.expectations[0],
      id: 'EXP-LIN-1',
      protocol: 'line',
    } as Report['expectations'][number]
    const three = {
      ...report,
      protocols: [...report.protocols, lineProtocol],
      expectations: [...report.expectations, statement],
    }
    const heads = blocksOf(formats.markdown(three)).map(({ parts }) => parts.join())
    expect(heads).to.include(',WebSocket,Server-Sent Events,Line echo')
    expect(formats.html(three)).to.match(
      /<th scope="col">Server-Sent Events<\/th>\s*<th scope="col">Line echo<\/th>/,
    )
    expect(formats.html(three)).to.include('<td colspan="3" data-side="compared">')
    expect(formats.html(report)).to.include('<td colspan="2" data-side="compared">')
  })
})
