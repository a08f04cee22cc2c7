import { expect } from 'chai'
import type { Report } from '../../harness/check/result.ts'
import { mutants } from '../../harness/reference/mutants.ts'
import type { RunSettings } from '../../harness/run/settings.ts'
import { openEngine } from '../../proxies/engine.ts'
import type { Engine } from '../../proxies/types.ts'
import { loadCatalogue } from '../../suites/index.ts'
import {
  agrees,
  capabilitiesOf,
  committedMatrix,
  falls,
  judged,
  namedBy,
  namedRow,
  sideBySide,
  unblocked,
  writeMatrix,
} from './proof.ts'
import type { MutantRow } from './proof.ts'

/**
 * Every check on every mutant. Takes minutes: `npm run proof:matrix`. With `UPDATE_MATRIX=1` it writes what it found,
 * for review; never in CI.
 */
const mayUpdate = process.env['UPDATE_MATRIX'] === '1' && process.env['CI'] === undefined

/** Only these mutants, for work on one of them: `MUTANTS=mute,dead`. */
const wanted = process.env['MUTANTS']?.split(',') ?? null

const catalogue = unblocked(await loadCatalogue())
const named = namedBy(catalogue)
const chosen = mutants.map(({ name }) => name).filter((name) => wanted?.includes(name) ?? true)

describe('the whole matrix', function () {
  this.timeout(0)
  let engine: Engine
  let reference: Report
  let rows: ReadonlyMap<string, Promise<MutantRow>>
  const committed = committedMatrix()

  before(async () => {
    engine = await openEngine({ choice: 'embedded', runId: 'matrix' })
    reference = await judged(catalogue, engine, {})
    const promises = sideBySide(
      chosen.map((mutant) => () => rowOf(mutant)),
      3,
    )
    for (const promise of promises) promise.catch(() => undefined)
    rows = new Map(chosen.map((mutant, index) => [mutant, promises[index] as Promise<MutantRow>]))
  })

  after(async () => {
    const settled = await Promise.allSettled(rows.values())
    await engine.close()
    const found = settled.flatMap((row, index) =>
      row.status === 'fulfilled' ? [[chosen[index] ?? '', row.value] as const] : [],
    )
    if (mayUpdate) writeMatrix({ ...committed, ...Object.fromEntries(found) })
  })

  for (const mutant of chosen) {
    it(`is the committed one for ${mutant}`, async () => {
      const row = await rows.get(mutant)
      expect(row).to.deep.equal(committed[mutant])
    })
  }

  /** What differs from what is committed is looked at again, alone and with full limits, before it counts. */
  async function rowOf(mutant: string): Promise<MutantRow> {
    const capabilities = capabilitiesOf(reference)
    const settings: Partial<RunSettings> = { capabilities, repeatFalls: false }
    const first = falls(await judged(catalogue, engine, { mutant }, settings))
    const before = committed[mutant] ?? { named: {}, also: [] }
    const expected = new Set([...Object.keys(before.named), ...before.also])
    const doubtful = [
      ...[...first]
        .filter(
          ([id, actual]) => !expected.has(id) || (id in before.named && !agrees(before.named[id], actual)),
        )
        .map(([id]) => id),
      ...[...expected].filter((id) => !first.has(id) && catalogue.checks.some((check) => check.id === id)),
    ]
    if (doubtful.length > 0) {
      const alone = { ...settings, selection: { only: doubtful }, jobs: 1 }
      const again = falls(await judged(catalogue, engine, { mutant }, alone))
      for (const id of doubtful) first.delete(id)
      for (const [id, actual] of again) first.set(id, actual)
    }
    const own = new Set(named.get(mutant))
    const isNamed = ([id]: readonly [string, string]): boolean => own.has(id)
    return {
      named: namedRow(new Map([...first].filter(isNamed)), before.named),
      also: [...first.keys()].filter((id) => !own.has(id)).toSorted((a, b) => (a < b ? -1 : 1)),
    }
  }
})
