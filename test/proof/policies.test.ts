import { expect } from 'chai'
import type { Result } from '#model/result'
import { openEngine } from '#proxies/driver/open-engine'
import type { Engine } from '#proxies/types'
import { loadCatalogue } from '#suites/index'
import type { ReferenceOptions } from '#reference/start'
import { agrees, capabilitiesOf, hasFailed, namedBy, resultLine, runOnReference, unblocked } from './proof.ts'

const isAccused = ({ verdict }: Result): boolean =>
  ['fail', 'warn', 'notice', 'blocked', 'harness-error'].includes(verdict)

/** A server that breaks no requirement, but has policies that take effect during faults. */
describe('a target that ends idle connections, and streams after some time', function () {
  this.timeout(600_000)
  let engine: Engine
  before(async () => {
    engine = await openEngine({ choice: 'embedded', runId: 'policies' })
  })
  after(() => engine.close())

  it('is accused of nothing', async () => {
    const rules = { endsSilentAfterMs: 350, lifetimeMs: 2000 }
    const only = ['ws/**', 'sse/faults/*', 'sse/reconnection/*', 'sse/resume/*', 'sse/delivery/*']
    const { results } = await runOnReference(
      await loadCatalogue(),
      engine,
      { rules },
      { timeScale: 1, selection: { only } },
    )
    expect(results.filter(isAccused).map(resultLine)).to.deep.equal([])
    const idle = results.filter(({ reason }) => reason?.startsWith('ended-idle:') === true)
    expect(idle.map(({ id }) => id)).to.include(
      'ws/faults/other-clients-unaffected-by-black-hole-client-to-server',
    )
  })
})

/** Events that the harness did not publish arrive at any time, with the same data each time. */
describe('a target that sends the same event repeatedly', function () {
  this.timeout(600_000)

  it('is accused of nothing', async () => {
    await using engine = await openEngine({ choice: 'embedded', runId: 'ticks' })
    const beat = 'event: state\ndata: 0123456789abcdef0123456789abcdef\n\n'
    const { results } = await runOnReference(
      await loadCatalogue(),
      engine,
      { heartbeatMs: 60, rules: { heartbeat: Buffer.from(beat) } },
      { timeScale: 1, selection: { only: ['sse/**'] }, jobs: 8 },
    )
    expect(results.filter(isAccused).map(resultLine)).to.deep.equal([])
    const passed = results.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id)
    expect(passed).to.include.members(['sse/performance/push-latency', 'sse/cursor/unknown-reported'])
  })
})

/** Which of both a client sees depends on timing: a server that closes with unread bytes sends a RST. */
describe('a target that resets every connection', function () {
  this.timeout(600_000)

  it('gets the same verdicts and texts as one that ends every connection with a FIN', async () => {
    await using engine = await openEngine({ choice: 'embedded', runId: 'reset' })
    const catalogue = unblocked(await loadCatalogue())
    const only = namedBy(catalogue).get('dead') ?? []
    const { targets } = await runOnReference(catalogue, engine, {}, { selection: { only } })
    const judge = async (options: ReferenceOptions): Promise<readonly Result[]> => {
      const capabilities = capabilitiesOf({ targets })
      const settings = { capabilities, selection: { only }, jobs: 1, timeScale: 1 }
      return (await runOnReference(catalogue, engine, options, settings)).results
    }
    const ended = await judge({ mutant: 'dead' })
    const reset = await judge({ rules: { service: 'reset' } })
    expect(ended.filter((result) => !hasFailed(result)).map(resultLine)).to.deep.equal([])
    expect(reset.filter((result) => !hasFailed(result)).map(resultLine)).to.deep.equal([])
    const differing = reset.filter(({ actual }, index) => !agrees(ended[index]?.actual ?? undefined, actual))
    expect(differing.map(resultLine)).to.deep.equal([])
  })
})
