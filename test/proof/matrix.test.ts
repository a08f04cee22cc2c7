import { expect } from 'chai'
import { mutants } from '../../harness/reference/mutants.ts'
import { openEngine } from '../../proxies/engine.ts'
import type { Engine } from '../../proxies/types.ts'
import { loadCatalogue } from '../../suites/index.ts'
import {
  capabilitiesOf,
  committedMatrix,
  judged,
  lookAt,
  namedBy,
  rowOf,
  sideBySide,
  unblocked,
  update,
  writeMatrix,
} from './proof.ts'
import type { MutantRow } from './proof.ts'

/** Every check on every mutant: `npm run proof:matrix`. `MUTANTS=mute,dead` looks at these alone. */
const wanted = process.env['MUTANTS']?.split(',') ?? null

const catalogue = unblocked(await loadCatalogue())
const named = namedBy(catalogue)
const chosen = mutants.map(({ name }) => name).filter((name) => wanted?.includes(name) ?? true)
const committed = committedMatrix()

describe('the whole matrix', function () {
  this.timeout(0)
  let engine: Engine
  let rows: readonly Promise<MutantRow>[]

  before(async () => {
    engine = await openEngine({ choice: 'embedded', runId: 'matrix' })
    const reference = await judged(catalogue, engine, {})
    const by = { catalogue, engine, capabilities: capabilitiesOf(reference) }
    const look = async (mutant: string): Promise<MutantRow> => {
      const results = await lookAt(mutant, by, committed[mutant])
      return rowOf(results.values(), new Set(named.get(mutant)), committed[mutant])
    }
    rows = sideBySide(
      chosen.map((mutant) => () => look(mutant)),
      4,
    )
    for (const row of rows) row.catch(() => undefined)
  })

  after(async () => {
    const settled = await Promise.allSettled(rows)
    await engine.close()
    if (update === null) return
    const found = chosen.flatMap((mutant, index) => {
      const row = settled[index]
      return row?.status === 'fulfilled' ? [[mutant, row.value] as const] : []
    })
    writeMatrix({ ...committed, ...Object.fromEntries(found) })
  })

  for (const [index, mutant] of chosen.entries()) {
    it(`is the committed one for ${mutant}`, async () => {
      expect(await rows[index]).to.deep.equal(committed[mutant])
    })
  }
})
