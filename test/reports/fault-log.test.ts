import { expect } from 'chai'
import type { Report } from '#model/result'
import { html } from '#reports/html'
import { json } from '#reports/json'
import { junit } from '#reports/junit'
import { markdown } from '#reports/markdown'
import { terminal } from '#reports/terminal'
import { faultLogText } from '#reports/view/words'
import { mixedReport } from './support/fixture.ts'

const formats = { terminal, junit, markdown, html }
const entries = [
  'connection 2: limit_data took effect at byte 0 server-to-client after 1.2 ms; ended by the proxy with FIN after 31.4 ms; 180 bytes client-to-server, 412 server-to-client',
  'connection 3: still open after 8.0 ms; 0 bytes client-to-server, 0 server-to-client',
]

/** The report of a run with a real Toxiproxy, which keeps no log. */
function withoutLog(report: Report): Report {
  const results = report.results.map((result) => ({
    ...result,
    faults: result.faults.map(({ log: _log, ...fault }) => fault),
  }))
  return { ...report, results }
}

/** Without the line breaks of a terminal report. */
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ')

describe('reports: the log of a fault', () => {
  for (const [name, format] of Object.entries(formats)) {
    it(`is shown by ${name} below its fault, if there is one`, () => {
      const shown = flat(format(mixedReport()))
      for (const entry of entries) expect(shown).to.include(entry)
      const bare = flat(format(withoutLog(mixedReport())))
      expect(bare).to.include('the stream ended inside an event that the witness received whole')
      expect(bare).to.not.match(/connection \d: /)
      expect(bare).to.not.match(/\bengine (connection|undefined)|Engine: /)
    })
  }

  it('is in report.json as `log`, which is absent if there is none', () => {
    const logs = (report: Report): unknown[] =>
      (JSON.parse(json(report)) as Report).results.flatMap(({ faults }) =>
        faults.flatMap((fault) => ('log' in fault ? [fault.log] : [])),
      )
    expect(logs(mixedReport())).to.have.length(1)
    expect(logs(withoutLog(mixedReport()))).to.deep.equal([])
  })

  it('describes every ending', () => {
    const entry = { connection: 1, hit: null, durationMs: 2, clientToServerBytes: 3, serverToClientBytes: 4 }
    const endingOf = (
      by: 'harness' | 'target' | 'proxy',
      how: 'fin' | 'rst' | 'down' | 'refused',
    ): string | undefined => faultLogText({ ...entry, ending: { by, how } }).split('; ')[0]
    expect([
      endingOf('harness', 'fin'),
      endingOf('target', 'rst'),
      endingOf('proxy', 'down'),
      endingOf('proxy', 'refused'),
    ]).to.deep.equal([
      'connection 1: ended by the harness with FIN after 2.0 ms',
      'connection 1: ended by the target with RST after 2.0 ms',
      'connection 1: ended by the proxy when it was disabled after 2.0 ms',
      'connection 1: ended by the proxy because the target accepted no connection after 2.0 ms',
    ])
  })
})
