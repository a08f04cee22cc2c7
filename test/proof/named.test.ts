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
  hasFailed,
  judgeMutant,
  namedBy,
  resultLine,
  rowOf,
  runConcurrently,
  runOnReference,
  unblocked,
  update,
  writeMatrix,
} from './proof.ts'

/** Mutants judged at once: their checks mostly wait. */
const concurrency = 8

const whole = await loadCatalogue()
const catalogue = unblocked(whole)
const named = namedBy(catalogue)
const committed = committedMatrix()

type Judgements = ReadonlyMap<string, Promise<Map<string, Result>>>

describe('the proof by mutants', function () {
  // Two runs of the whole catalogue, and then every mutant: on a busy machine that takes minutes.
  this.timeout(600_000)
  let engine: Engine
  let reference: Report
  let again: Report
  let judgements: Judgements = new Map()

  before(async () => {
    engine = await openEngine({ choice: 'embedded', runId: 'proof' })
    // These two run before any mutant and with full limits, so that a busy machine does not make them differ.
    reference = await runOnReference(whole, engine, {}, { timeScale: 1 })
    again = await runOnReference(whole, engine, {}, { timeScale: 1, jobs: 12 })
    const by = { catalogue, engine, capabilities: capabilitiesOf(reference) }
    const jobs = [...named].map(
      ([mutant, ids]) =>
        () =>
          judgeMutant(mutant, by, committed[mutant], ids),
    )
    const promises = runConcurrently(jobs, concurrency)
    judgements = new Map([...named.keys()].map((mutant, index) => [mutant, handled(promises[index])]))
  })

  after(async () => {
    const settled = await Promise.allSettled(judgements.values())
    await engine.close()
    if (update === null) return
    const rows = [...named].flatMap(([mutant, ids], index) => {
      const judgement = settled[index]
      if (judgement?.status !== 'fulfilled') return []
      const row = rowOf(judgement.value.values(), new Set(ids), committed[mutant])
      return [
        [mutant, { ...committed[mutant], named: row.named, also: committed[mutant]?.also ?? [] }] as const,
      ]
    })
    writeMatrix({ ...committed, ...Object.fromEntries(rows) })
  })

  it('has every check pass on the reference', () => {
    const others = reference.results.filter(({ verdict }) => verdict !== 'pass')
    expect(others.filter((result) => !lacksIpv6(result)).map(resultLine)).to.deep.equal([])
  })

  it('gives the reference the same report twice, apart from what may differ', () => {
    const flaky = new Set(
      [reference, again].flatMap(({ results }) => results.filter(isFlaky).map(({ id }) => id)),
    )
    const first = comparable(reference, flaky)
    const second = comparable(again, flaky)
    const differing = first.results.filter(
      (result, index) => JSON.stringify(result) !== JSON.stringify(second.results[index]),
    )
    expect(differing.map(resultLine)).to.deep.equal([])
    expect(second.targets).to.deep.equal(first.targets)
    expect(second.expectations).to.deep.equal(first.expectations)
    expect(second).to.deep.equal(first)
  })

  it('passes every check that applies to a server that echoes nothing', async () => {
    const { results } = await runOnReference(whole, engine, { variant: 'pushing' }, { timeScale: 1 })
    const applied = results.filter(({ verdict }) => verdict !== 'not-applicable')
    const isWebSocket = ({ protocol }: Result): boolean => protocol === 'websocket'
    expect(applied.filter(isWebSocket).length).to.be.at.least(results.filter(isWebSocket).length / 2)
    expect(applied.filter(({ verdict }) => verdict !== 'pass').map(resultLine)).to.deep.equal([])
  })

  it('names only existing mutants, and every mutant', () => {
    const known = mutants.map(({ name }) => name)
    expect([...named.keys()].filter((name) => !known.includes(name))).to.deep.equal([])
    expect(known.filter((name) => !named.has(name))).to.deep.equal([])
  })

  for (const [mutant, ids] of named) {
    it(`makes ${ids.length === 1 ? 'its check' : `its ${ids.length} checks`} fail: ${mutant}`, async () => {
      const results = [...((await judgements.get(mutant)) ?? [])].map(([, result]) => result)
      expect(
        results.filter((result) => !hasFailed(result) && !lacksIpv6(result)).map(resultLine),
      ).to.deep.equal([])
      const texts = committed[mutant]?.named ?? {}
      const unknown = results.filter(
        (result) => hasFailed(result) && !agrees(texts[result.id], result.actual),
      )
      expect(
        unknown.map(({ id, actual }) => `${id}: actual: ${actual}; committed: ${String(texts[id])}`),
      ).to.deep.equal([])
    })
  }
})

/** The promise, with its rejection handled: the test that awaits it reports it. */
function handled<T>(promise: Promise<T> | undefined): Promise<T> {
  if (promise === undefined) throw new TypeError('every mutant has a promise')
  promise.catch(() => undefined)
  return promise
}

/** A machine without IPv6 is not a fault of the reference. */
function lacksIpv6({ verdict, reason }: Result): boolean {
  return verdict === 'not-applicable' && reason?.startsWith('needs ipv6') === true
}

/** The part of a report that is the same in every run of one target, without what depends on a flaky check. */
function comparable(
  { run: _run, summary: _summary, ...report }: Report,
  flaky: ReadonlySet<string>,
): Omit<Report, 'run' | 'summary'> {
  return {
    ...report,
    expectations: report.expectations
      .filter(({ checks }) => !checks.some((id) => flaky.has(id)))
      .map((expectation) => ({ ...expectation, summary: '' })),
    results: report.results
      .filter(({ id }) => !flaky.has(id))
      .map((result) => ({
        ...result,
        faults: result.faults.map(({ log: _log, ...fault }) => fault),
        measured: {},
        transcript: [],
        durationMs: 0,
      })),
  }
}
