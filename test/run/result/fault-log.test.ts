import { expect } from 'chai'
import type { Report } from '#model/result'
import { reportSchema } from '#model/result'
import { openEngine } from '#proxies/driver/open-engine'
import type { Engine, FaultProxy } from '#proxies/types'
import { loadCatalogue } from '#suites/index'
import { needToxiproxy } from '../../lacking.ts'
import { runOnReference } from '../../proof/proof.ts'

/** Quick checks with every kind of fault. */
const only = [
  'ws/faults/other-clients-unaffected-by-*',
  'ws/faults/cut-*-after-1',
  'ws/faults/answers-under-latency-server-to-client',
  'ws/reconnection/prompt-after-rst',
  'sse/faults/other-clients-unaffected-by-fin',
  'sse/resume/after-rst',
  'sse/resume/after-link-down',
  'sse/resume/after-black-hole',
  'sse/resume/under-latency',
  'sse/reconnection/eventsource-returns',
]

/** The same engine with another log, or none. */
function withLog(engine: Engine, seen: FaultProxy['loggedConnections']): Engine {
  return {
    kind: engine.kind,
    version: engine.version,
    api: engine.api,
    async open(upstream) {
      const link = await engine.open(upstream)
      return {
        name: link.name,
        host: link.host,
        port: link.port,
        setFaults: (faults) => link.setFaults(faults),
        setEnabled: (enabled) => link.setEnabled(enabled),
        loggedConnections: seen,
        close: () => link.close(),
        [Symbol.asyncDispose]: () => link.close(),
      }
    },
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

const logsOf = ({ results }: Report) => results.flatMap(({ faults }) => faults.map(({ log }) => log))
const judgements = ({ results }: Report): readonly string[] =>
  results.map(
    ({ id, verdict, reason, actual, faults }) =>
      `${verdict} ${id} ${reason ?? ''} ${actual ?? ''} ${faults.map(({ name, proof }) => `${name}: ${proof}`).join()}`,
  )

describe('the log of a fault', function () {
  this.timeout(120_000)
  let engine: Engine
  before(async () => (engine = await openEngine({ choice: 'embedded', runId: 'log' })))
  after(() => engine.close())

  const judgeWith = async (by: Engine, mutant?: string): Promise<Report> =>
    runOnReference(await loadCatalogue(), by, mutant === undefined ? {} : { mutant }, { selection: { only } })

  it('is part of every proven fault, and the report is valid', async () => {
    const report = await judgeWith(engine)
    expect(reportSchema.parse(report)).to.deep.equal(report)
    expect(
      report.results.filter(({ verdict }) => verdict !== 'pass').map(({ id, reason }) => [id, reason]),
    ).to.deep.equal([])
    expect(report.results.filter(({ faults }) => faults.length === 0)).to.deep.equal([])
    for (const { id, faults } of report.results) {
      for (const { name, direction, log } of faults) {
        const [first] = log ?? []
        expect(first, id).to.not.equal(undefined)
        if (name === 'link-down')
          expect(first, id).to.deep.include({ hit: null, ending: { by: 'proxy', how: 'down' } })
        else expect(first?.hit?.direction, id).to.equal(direction)
      }
    }
  })

  for (const mutant of [undefined, 'refuse-after-loss', 'resume-reversed']) {
    it(`changes no verdict on ${mutant ?? 'the reference'}`, async () => {
      let asked = 0
      const withoutLogs = withLog(engine, () => {
        asked += 1
        if (asked % 3 === 0) return Promise.reject(new Error('lost'))
        return Promise.resolve(asked % 3 === 1 ? null : [])
      })
      const [whole, without] = await Promise.all([judgeWith(engine, mutant), judgeWith(withoutLogs, mutant)])
      expect(judgements(without)).to.deep.equal(judgements(whole))
      expect(logsOf(without).every((log) => log === undefined)).to.equal(true)
      expect(logsOf(whole).some((log) => log !== undefined)).to.equal(true)
    })
  }

  it('is absent with a real Toxiproxy, with the same verdicts', async function () {
    needToxiproxy(this)
    await using real = await openEngine({ choice: 'toxiproxy', runId: 'log' })
    const [own, others] = await Promise.all([judgeWith(engine), judgeWith(real)])
    expect(judgements(others)).to.deep.equal(judgements(own))
    expect(logsOf(others).every((log) => log === undefined)).to.equal(true)
  })
})
