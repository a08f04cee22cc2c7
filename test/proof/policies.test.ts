import { expect } from 'chai'
import type { Result } from '#model/result'
import { openEngine } from '#proxies/driver/open-engine'
import type { Engine } from '#proxies/types'
import { loadCatalogue } from '#suites/index'
import { judged, told } from './proof.ts'

const wasCharged = ({ verdict }: Result): boolean =>
  ['fail', 'warn', 'notice', 'blocked', 'harness-error'].includes(verdict)

/** A server that breaks nothing, and has policies that faults on the link run into. */
describe('a target that ends idle connections, and streams behind some time', function () {
  this.timeout(120_000)
  let engine: Engine
  before(async () => {
    engine = await openEngine({ choice: 'embedded', runId: 'policies' })
  })
  after(() => engine.close())

  it('is charged with nothing', async () => {
    const rules = { endsSilentAfterMs: 350, lifetimeMs: 2000 }
    const only = ['ws/**', 'sse/faults/*', 'sse/reconnection/*', 'sse/resume/*', 'sse/delivery/*']
    const { results } = await judged(
      await loadCatalogue(),
      engine,
      { rules },
      { timeScale: 1, selection: { only } },
    )
    expect(results.filter(wasCharged).map(told)).to.deep.equal([])
    const idle = results.filter(({ reason }) => reason?.startsWith('ended-idle:') === true)
    expect(idle.map(({ id }) => id)).to.include(
      'ws/faults/other-clients-unaffected-by-black-hole-client-to-server',
    )
  })
})

/** Its own events are not ours, come at any time, and are the same each time. */
describe('a target that says the same again and again', function () {
  this.timeout(120_000)

  it('is charged with nothing', async () => {
    await using engine = await openEngine({ choice: 'embedded', runId: 'ticks' })
    const beat = 'event: state\ndata: 0123456789abcdef0123456789abcdef\n\n'
    const { results } = await judged(
      await loadCatalogue(),
      engine,
      { heartbeatMs: 60, rules: { heartbeat: Buffer.from(beat) } },
      { timeScale: 1, selection: { only: ['sse/**'] }, jobs: 8 },
    )
    expect(results.filter(wasCharged).map(told)).to.deep.equal([])
    const passed = results.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id)
    expect(passed).to.include.members(['sse/performance/push-latency', 'sse/cursor/unknown-reported'])
  })
})
