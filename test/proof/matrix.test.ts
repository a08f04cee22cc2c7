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
  judgeMutant,
  namedBy,
  rowOf,
  runConcurrently,
  runOnReference,
  unblocked,
  update,
  writeMatrix,
} from './proof.ts'
import type { MutantRow } from './proof.ts'

/**
 * Every check on every mutant of its protocol: `npm run proof:matrix`. `MUTANTS=mute,dead` judges only these, and
 * `MATRIX_SHARD=1/2` the first of two halves. `MATRIX_TIME_SCALE=1` has the limits that users have, and takes longer.
 */
const wanted = process.env['MUTANTS']?.split(',') ?? null
const timeScale = Number(process.env['MATRIX_TIME_SCALE'] ?? 0.5)
/** File for the names of rows that differ, so that these can be judged once more, alone. */
const differing = process.env['MATRIX_DIFFERING']
const [shard = 1, shards = 1] = (process.env['MATRIX_SHARD'] ?? '1/1').split('/').map(Number)

const catalogue = unblocked(await loadCatalogue())
const named = namedBy(catalogue)
const chosen = mutants
  .filter(({ name }) => wanted?.includes(name) ?? true)
  .filter((_, index) => index % shards === shard - 1)
const committed = committedMatrix()

describe('the matrix of checks and mutants', function () {
  this.timeout(0)
  let engine: Engine
  let rows: readonly Promise<MutantRow>[]

  before(async () => {
    engine = await openEngine({ choice: 'embedded', runId: 'matrix' })
    const reference = await runOnReference(catalogue, engine, {})
    // Many concurrent checks need longer limits than the few that name a mutant.
    const by = { catalogue, engine, capabilities: capabilitiesOf(reference), timeScale }
    const judge = async ({ name, protocol }: Mutant): Promise<MutantRow> => {
      // A rule of one protocol has no effect on another protocol.
      const checks = catalogue.checks.filter(
        (check) => check.protocol === null || protocol === 'both' || check.protocol === protocol,
      )
      const own = new Set(named.get(name))
      const others = checks.filter(({ id }) => !own.has(id))
      // Checks that name it run by themselves, as in every test run: some mutants are only visible on a fresh server.
      const results = [
        own.size === 0 ? new Map<string, Result>() : await judgeMutant(name, by, committed[name], [...own]),
        await judgeMutant(name, { ...by, catalogue: { ...catalogue, checks: others } }, committed[name]),
      ]
      return rowOf(
        results.flatMap((byId) => [...byId.values()]),
        own,
        committed[name],
      )
    }
    rows = runConcurrently(
      chosen.map((mutant) => () => judge(mutant)),
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
    // Another shard may have written in the meantime.
    writeMatrix({ ...committedMatrix(), ...Object.fromEntries(found) })
  })

  for (const [index, { name }] of chosen.entries()) {
    it(`has the committed row for ${name}`, async () => {
      try {
        expect(await rows[index]).to.deep.equal(committed[name])
      } catch (error) {
        if (differing !== undefined) appendFileSync(differing, `${name}\n`)
        throw error
      }
    })
  }
})
