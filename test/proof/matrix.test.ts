import { appendFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Result } from '#model/result'
import type { Mutant } from '#reference/mutant'
import { mutants } from '#reference/mutants'
import { openEngine } from '#proxies/driver/open-engine'
import type { Engine } from '#proxies/types'
import { loadCatalogue } from '#suites/index'
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

/**
 * Every check on every mutant of its protocol: `npm run proof:matrix`. `MUTANTS=mute,dead` looks at these alone, and
 * `MATRIX_SHARD=1/2` at the first of two halves. `MATRIX_TIME_SCALE=1` has the limits that users have, and takes longer.
 */
const wanted = process.env['MUTANTS']?.split(',') ?? null
const timeScale = Number(process.env['MATRIX_TIME_SCALE'] ?? 0.5)
/** Where to put the names of rows that differ, so that these can be looked at once more, alone. */
const differing = process.env['MATRIX_DIFFERING']
const [shard = 1, shards = 1] = (process.env['MATRIX_SHARD'] ?? '1/1').split('/').map(Number)

const catalogue = unblocked(await loadCatalogue())
const named = namedBy(catalogue)
const chosen = mutants
  .filter(({ name }) => wanted?.includes(name) ?? true)
  .filter((_, index) => index % shards === shard - 1)
const committed = committedMatrix()

describe('the whole matrix', function () {
  this.timeout(0)
  let engine: Engine
  let rows: readonly Promise<MutantRow>[]

  before(async () => {
    engine = await openEngine({ choice: 'embedded', runId: 'matrix' })
    const reference = await judged(catalogue, engine, {})
    // So many checks at once want more patience than the few that name a mutant.
    const by = { catalogue, engine, capabilities: capabilitiesOf(reference), timeScale }
    const look = async ({ name, protocol }: Mutant): Promise<MutantRow> => {
      // A rule of one protocol is consulted by that protocol alone.
      const checks = catalogue.checks.filter(
        (check) => [check.protocol, protocol].includes('both') || check.protocol === protocol,
      )
      const own = new Set(named.get(name))
      const others = checks.filter(({ id }) => !own.has(id))
      // Those that name it are looked at by themselves, as in every test run: some mutants show on a fresh server alone.
      const looks = [
        own.size === 0 ? new Map<string, Result>() : await lookAt(name, by, committed[name], [...own]),
        await lookAt(name, { ...by, catalogue: { ...catalogue, checks: others } }, committed[name]),
      ]
      return rowOf(
        looks.flatMap((look) => [...look.values()]),
        own,
        committed[name],
      )
    }
    rows = sideBySide(
      chosen.map((mutant) => () => look(mutant)),
      3,
    )
    for (const row of rows) row.catch(() => undefined)
  })

  after(async () => {
    const settled = await Promise.allSettled(rows)
    await engine.close()
    if (update === null) return
    const found = chosen.flatMap((mutant, index) => {
      const row = settled[index]
      return row?.status === 'fulfilled' ? [[mutant.name, row.value] as const] : []
    })
    // Another shard may have written meanwhile.
    writeMatrix({ ...committedMatrix(), ...Object.fromEntries(found) })
  })

  for (const [index, { name }] of chosen.entries()) {
    it(`is the committed one for ${name}`, async () => {
      try {
        expect(await rows[index]).to.deep.equal(committed[name])
      } catch (error) {
        if (differing !== undefined) appendFileSync(differing, `${name}\n`)
        throw error
      }
    })
  }
})
