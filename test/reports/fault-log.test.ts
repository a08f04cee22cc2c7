import { expect } from 'chai'
import type { Report } from '#model/result'
import { html } from '#reports/html'
import { json } from '#reports/json'
import { junit } from '#reports/junit'
import { markdown } from '#reports/markdown'
import { terminal } from '#reports/terminal'
import { logEntry } from '#reports/view/words'
import { mixedReport } from './fixture.ts'

const formats = { terminal, junit, markdown, html }
const entries = [
  'connection 2: limit_data at byte 0 server-to-client after 1.2 ms; ended by proxy (FIN) after 31.4 ms; 180 bytes client-to-server, 412 server-to-client',
  'connection 3: not ended after 8.0 ms; 0 bytes client-to-server, 0 server-to-client',
]

/** As a real Toxiproxy leaves it. */
function withoutLog(report: Report): Report {
  const results = report.results.map((one) => ({
    ...one,
    faults: one.faults.map(({ log: _log, ...fault }) => fault),
  }))
  return { ...report, results }
}

/** A terminal folds its lines. */
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ')

describe('reports: what the engine noted of a fault', () => {
  for (const [name, format] of Object.entries(formats)) {
    it(`is shown by ${name} under the fault, and nothing where there is none`, () => {
      const shown = flat(format(mixedReport()))
      for (const entry of entries) expect(shown).to.include(entry)
      const bare = flat(format(withoutLog(mixedReport())))
      expect(bare).to.include('the stream ended inside an event that the witness received whole')
      expect(bare).to.not.match(/connection \d: /)
      expect(bare).to.not.match(/\bengine (connection|undefined)|Engine: /)
    })
  }

  it('stands in report.json under `log`, and the member is absent where there is none', () => {
    const logs = (report: Report): unknown[] =>
      (JSON.parse(json(report)) as Report).results.flatMap(({ faults }) =>
        faults.flatMap((fault) => ('log' in fault ? [fault.log] : [])),
      )
    expect(logs(mixedReport())).to.have.length(1)
    expect(logs(withoutLog(mixedReport()))).to.deep.equal([])
  })

  it('has words for every ending', () => {
    const entry = { connection: 1, hit: null, durationMs: 2, clientToServerBytes: 3, serverToClientBytes: 4 }
    const said = (
      by: 'harness' | 'target' | 'proxy',
      how: 'fin' | 'rst' | 'down' | 'refused',
    ): string | undefined => logEntry({ ...entry, ending: { by, how } }).split('; ')[0]
    expect([
      said('harness', 'fin'),
      said('target', 'rst'),
      said('proxy', 'down'),
      said('proxy', 'refused'),
    ]).to.deep.equal([
      'connection 1: ended by harness (FIN) after 2.0 ms',
      'connection 1: ended by target (RST) after 2.0 ms',
      'connection 1: ended by proxy (it went down) after 2.0 ms',
      'connection 1: ended by proxy (no way to the target) after 2.0 ms',
    ])
  })
})
