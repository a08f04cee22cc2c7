import { expect } from 'chai'
import { isFlaky } from '#model/result'
import type { Report, Result } from '#model/result'
import { mutants } from '#reference/mutants'
import { openEngine } from '#proxies/driver/open-engine'
import type { Engine } from '#proxies/types'
import { loadCatalogue } from '#suites/index'
import {
  agrees,
  capabilitiesOf,
  committedMatrix,
  fell,
  judged,
  lookAt,
  namedBy,
  rowOf,
  sideBySide,
  told,
  unblocked,
  update,
  writeMatrix,
} from './proof.ts'

/** Mutants under judgement at once: they mostly wait. */
const atOnce = 8

const whole = await loadCatalogue()
const catalogue = unblocked(whole)
const named = namedBy(catalogue)
const committed = committedMatrix()

type Looks = ReadonlyMap<string, Promise<Map<string, Result>>>

describe('the proof by mutants', function () {
  this.timeout(120_000)
  let engine: Engine
  let reference: Report
  let again: Report
  let looks: Looks

  before(async () => {
    engine = await openEngine({ choice: 'embedded', runId: 'proof' })
    // These two with nothing beside them: they are to be the same, whatever mutants do.
    reference = await judged(whole, engine, {})
    again = await judged(whole, engine, {}, { jobs: 12 })
    const by = { catalogue, engine, capabilities: capabilitiesOf(reference) }
    const jobs = [...named].map(
      ([mutant, ids]) =>
        () =>
          lookAt(mutant, by, committed[mutant], ids),
    )
    const promises = sideBySide(jobs, atOnce)
    looks = new Map([...named.keys()].map((mutant, index) => [mutant, heard(promises[index])]))
  })

  after(async () => {
    const settled = await Promise.allSettled(looks.values())
    await engine.close()
    if (update === null) return
    const rows = [...named].flatMap(([mutant, ids], index) => {
      const look = settled[index]
      if (look?.status !== 'fulfilled') return []
      const row = rowOf(look.value.values(), new Set(ids), committed[mutant])
      return [
        [mutant, { ...committed[mutant], named: row.named, also: committed[mutant]?.also ?? [] }] as const,
      ]
    })
    writeMatrix({ ...committed, ...Object.fromEntries(rows) })
  })

  it('has every check pass on the reference', () => {
    const others = reference.results.filter(({ verdict }) => verdict !== 'pass')
    expect(others.filter((result) => !isLacking(result)).map(told)).to.deep.equal([])
  })

  it('gives the reference the same report again, but for what may differ', () => {
    const flaky = new Set(
      [reference, again].flatMap(({ results }) => results.filter(isFlaky).map(({ id }) => id)),
    )
    const first = lasting(reference, flaky)
    const second = lasting(again, flaky)
    const differing = first.results.filter(
      (result, index) => JSON.stringify(result) !== JSON.stringify(second.results[index]),
    )
    expect(differing.map(told)).to.deep.equal([])
    expect(second).to.deep.equal(first)
  })

  it('has at least half of the websocket checks apply to a server that echoes nothing, and all of those pass', async () => {
    const { results } = await judged(whole, engine, { variant: 'pushing' })
    const applied = results.filter(({ verdict }) => verdict !== 'not-applicable')
    const isWebSocket = ({ protocol }: Result): boolean => protocol === 'websocket'
    expect(applied.filter(isWebSocket).length).to.be.at.least(results.filter(isWebSocket).length / 2)
    expect(applied.filter(({ verdict }) => verdict !== 'pass').map(told)).to.deep.equal([])
  })

  it('names only mutants that there are, and uses every one', () => {
    const known = mutants.map(({ name }) => name)
    expect([...named.keys()].filter((name) => !known.includes(name))).to.deep.equal([])
    expect(known.filter((name) => !named.has(name))).to.deep.equal([])
  })

  for (const [mutant, ids] of named) {
    it(`makes ${ids.length === 1 ? 'its check' : `its ${ids.length} checks`} fall: ${mutant}`, async () => {
      const results = [...((await looks.get(mutant)) ?? [])].map(([, result]) => result)
      expect(results.filter((result) => !fell(result) && !isLacking(result)).map(told)).to.deep.equal([])
      const texts = committed[mutant]?.named ?? {}
      const unknown = results.filter((result) => fell(result) && !agrees(texts[result.id], result.actual))
      expect(
        unknown.map(({ id, actual }) => `${id} says: ${actual}; committed: ${String(texts[id])}`),
      ).to.deep.equal([])
    })
  }
})

/** Whoever waits for it hears of its failure; nobody else does. */
function heard<T>(promise: Promise<T> | undefined): Promise<T> {
  if (promise === undefined) throw new TypeError('there is a promise for each')
  promise.catch(() => undefined)
  return promise
}

/** What this machine lacks is no fault of the reference. */
function isLacking({ verdict, reason }: Result): boolean {
  return verdict === 'not-applicable' && reason?.startsWith('needs ipv6') === true
}

/** What two runs of the same target have in common; a check that was flaky in one of them is left to its rate. */
function lasting(
  { run: _run, summary: _summary, ...report }: Report,
  flaky: ReadonlySet<string>,
): Omit<Report, 'run' | 'summary'> {
  return {
    ...report,
    expectations: report.expectations.map((one) => ({ ...one, says: '' })),
    results: report.results
      .filter(({ id }) => !flaky.has(id))
      .map((one) => ({
        ...one,
        faults: one.faults.map(({ log: _log, ...fault }) => fault),
        measured: {},
        transcript: [],
        durationMs: 0,
      })),
  }
}
