import { expect } from 'chai'
import type { Report } from '../../harness/model/result.ts'
import { namedAs, runCatalogue } from '../run-catalogue.ts'
import { parseContract, resolveTargets } from '../../harness/protocols/index.ts'
import { redactorFor } from '../../harness/protocols/index.ts'
import { openEngine } from '../../proxies/driver/open-engine.ts'
import type { EngineOptions } from '../../proxies/types.ts'
import { loadCatalogue } from '../../suites/index.ts'
import { lacking, needToxiproxy } from '../lacking.ts'
import { commit, committed, described, differences, unproven, verdictOf } from './expected.ts'
import { recipes } from './servers.ts'
import type { RealServer } from './servers.ts'

const mayUpdate = process.env['UPDATE_EXPECTATIONS'] === '1' && process.env['CI'] === undefined
const wanted = process.env['STREAMPROOF_REAL']?.split(',') ?? null

for (const recipe of recipes.filter(({ name }) => wanted === null || wanted.includes(name))) {
  describe(`the whole catalogue against ${recipe.name}`, () => {
    let server: RealServer
    let report: Report

    before(async function () {
      const missing = recipe.missing()
      if (missing !== null) lacking(this, `no ${missing} on this machine`)
      server = await recipe.start()
      report = await judged(server, 'embedded')
      if (mayUpdate) commit(recipe.name, report)
    })
    after(() => server?.close())

    it('gives every check its committed verdict', () => {
      const before = committed(recipe.name)
      const [now, then] = differences(described(report), before)
      expect(now).to.deep.equal(then)
      expect(unproven(before), 'failures without bytes that prove them').to.deep.equal([])
    })

    it('gives the checks under faults the same verdicts through a real Toxiproxy', async function () {
      needToxiproxy(this)
      const faulted = report.results.filter(({ faults }) => faults.length > 0).map(({ id }) => id)
      expect(faulted.length, 'checks under faults').to.be.greaterThan(0)
      const again = await judged(server, 'toxiproxy', faulted)
      const before = committed(recipe.name)
      const verdicts = Object.fromEntries(again.results.map(({ id, verdict }) => [id, verdict]))
      expect(verdicts).to.deep.equal(Object.fromEntries(faulted.map((id) => [id, verdictOf(before[id])])))
    })
  })
}

async function judged(
  server: RealServer,
  choice: EngineOptions['choice'],
  only?: readonly string[],
): Promise<Report> {
  const contract = parseContract(server.contract)
  await using engine = await openEngine({ choice, runId: `real-${server.name}` })
  return await runCatalogue(await loadCatalogue(), {
    targets: namedAs(server.name, resolveTargets(contract)),
    engine,
    redactor: redactorFor(contract),
    seed: 1,
    command: 'streamproof run URL',
    version: 'test',
    ...(only === undefined ? {} : { selection: { only } }),
  })
}
