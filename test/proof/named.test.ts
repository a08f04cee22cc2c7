import { expect } from 'chai'
import type { Catalogue } from '../../harness/check/catalogue.ts'
import type { Report, Result } from '../../harness/check/result.ts'
import type { Kit } from '../../harness/peers/kit.ts'
import { mutants } from '../../harness/reference/mutants.ts'
import { openEngine } from '../../proxies/engine.ts'
import type { Engine } from '../../proxies/types.ts'
import { loadCatalogue } from '../../suites/index.ts'
import {
  agrees,
  capabilitiesOf,
  committedMatrix,
  falls,
  fell,
  judged,
  namedBy,
  namedRow,
  sideBySide,
  told,
  unblocked,
  writeMatrix,
} from './proof.ts'
import type { MutantRow } from './proof.ts'

/** Mutants under judgement at once: they mostly wait. */
const atOnce = 8

/** With `UPDATE_MATRIX=1` the texts are written, for review; never in CI. */
const mayUpdate = process.env['UPDATE_MATRIX'] === '1' && process.env['CI'] === undefined

const catalogue = unblocked(await loadCatalogue())
const named = namedBy(catalogue)

describe('the proof by mutants', function () {
  this.timeout(120_000)
  let engine: Engine
  let reference: Report
  let reports: ReadonlyMap<string, Promise<Report>>

  before(async () => {
    engine = await openEngine({ choice: 'embedded', runId: 'proof' })
    reference = await judged(await loadCatalogue(), engine, {})
    reports = judgedMutants(catalogue, engine, reference)
  })

  after(async () => {
    await Promise.allSettled(reports.values())
    if (mayUpdate) await update()
    await engine.close()
  })

  it('has every check pass on the reference', () => {
    expect(
      reference.results
        .filter(({ verdict }) => verdict !== 'pass')
        .filter(isNotLacking)
        .map(told),
    ).to.deep.equal([])
  })

  it('has at least half of the websocket checks apply to a server that echoes nothing, and all of those pass', async () => {
    const report = await judged(await loadCatalogue(), engine, { variant: 'pushing' })
    const own = report.results.filter(({ transport }) => transport === 'websocket')
    const applied = own.filter(({ verdict }) => verdict !== 'not-applicable')
    expect(applied.length).to.be.at.least(own.length / 2)
    const judgedOnes = report.results.filter(({ verdict }) => verdict !== 'not-applicable')
    expect(judgedOnes.filter(({ verdict }) => verdict !== 'pass').map(told)).to.deep.equal([])
  })

  it('names only mutants that there are, and uses every one', () => {
    const known = mutants.map(({ name }) => name)
    expect([...named.keys()].filter((name) => !known.includes(name))).to.deep.equal([])
    expect(known.filter((name) => !named.has(name))).to.deep.equal([])
  })

  async function update(): Promise<void> {
    const matrix: Record<string, MutantRow> = { ...committedMatrix() }
    for (const [mutant, report] of reports) {
      const row = matrix[mutant] ?? { named: {}, also: [] }
      const found = await report.then(falls, () => new Map<string, string>())
      matrix[mutant] = {
        named: namedRow(found, row.named),
        also: row.also.filter((id) => !found.has(id)),
      }
    }
    writeMatrix(matrix)
  }

  for (const [mutant, ids] of named) {
    it(`makes ${ids.length === 1 ? 'its check' : `its ${ids.length} checks`} fall: ${mutant}`, async () => {
      const report = await reports.get(mutant)
      const committed = committedMatrix()[mutant]?.named ?? {}
      const standing = report?.results.filter((result) => !fell(result)) ?? []
      expect(standing.map(told)).to.deep.equal([])
      for (const { id, actual } of report?.results ?? []) {
        expect(
          agrees(committed[id], actual ?? ''),
          `${id} on ${mutant} says: ${actual}; committed: ${String(committed[id])}`,
        ).to.equal(true)
      }
    })
  }
})

function judgedMutants(
  catalogue: Catalogue<Kit>,
  engine: Engine,
  reference: Report,
): ReadonlyMap<string, Promise<Report>> {
  const capabilities = capabilitiesOf(reference)
  const jobs = [...named].map(([mutant, only]) => () => {
    const selection = { only }
    return judged(catalogue, engine, { mutant }, { capabilities, selection, repeatFalls: false })
  })
  const promises = sideBySide(jobs, atOnce)
  for (const promise of promises) promise.catch(() => undefined)
  return new Map([...named.keys()].map((mutant, index) => [mutant, promises[index] as Promise<Report>]))
}

/** What this machine lacks is no fault of the reference. */
function isNotLacking({ verdict, reason }: Result): boolean {
  return !(verdict === 'not-applicable' && reason?.startsWith('needs ipv6') === true)
}
