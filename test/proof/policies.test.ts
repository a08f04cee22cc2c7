import { expect } from 'chai'
import type { Result } from '../../harness/check/result.ts'
import { openEngine } from '../../proxies/engine.ts'
import type { Engine } from '../../proxies/types.ts'
import { loadCatalogue } from '../../suites/index.ts'
import { judged, told } from './proof.ts'

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
    const wasCharged = ({ verdict }: Result): boolean =>
      ['fail', 'warn', 'notice', 'blocked', 'harness-error'].includes(verdict)
    expect(results.filter(wasCharged).map(told)).to.deep.equal([])
    const idle = results.filter(({ reason }) => reason?.startsWith('ended-idle:') === true)
    expect(idle.map(({ id }) => id)).to.include('ws/faults/others-unmoved-by-black-hole-up')
  })
})
