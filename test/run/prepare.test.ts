import { expect } from 'chai'
import { executeRun } from '#run/execute-run'
import { budgets } from '#run/prepare'
import type { RunSettings } from '#run/settings'
import { systemClock } from '#run/schedule/clock'
import { fake, fakeSettings, fakeTools } from './fakes.ts'

const settings = (more: Partial<RunSettings> = {}): RunSettings =>
  ({ budgets: { 'ws/contract/*': 4000 }, timeScale: 2, ...more }) as RunSettings

describe('the time budget of a check', () => {
  it('is the default, its own, or that of the contract, scaled', () => {
    const budget = budgets(settings())
    expect(budget({ id: 'ws/usual/one' })).to.equal(30_000)
    expect(budget({ id: 'ws/own/one', budget: 60_000 })).to.equal(120_000)
    expect(budget({ id: 'ws/contract/one', budget: 60_000 })).to.equal(8000)
  })

  it('allows for sixty of the slowest answers, up to two minutes', () => {
    const slow = budgets(settings({ timeScale: 1 }), 1200)
    expect(slow({ id: 'ws/usual/one' })).to.equal(15_000 + 72_000)
    expect(slow({ id: 'ws/contract/one' })).to.equal(4000)
    expect(budgets(settings({ timeScale: 0.5 }), 1200)({ id: 'ws/usual/one' })).to.equal(7500 + 72_000)
    expect(budgets(settings({ timeScale: 1 }), 60_000)({ id: 'ws/usual/one' })).to.equal(135_000)
  })
})

describe('a target that discovery found to be slow', () => {
  it('is known to be to every session, and the run says so', async () => {
    const paces: (number | undefined)[] = []
    const targets = [{ role: 'server' as const, protocol: 'websocket', url: 'ws://fake/', capabilities: {} }]
    const tools = fakeTools(targets, systemClock, undefined, 1200)
    const slow: typeof tools = {
      ...tools,
      openSession(environment, check) {
        paces.push(environment.slowestMs)
        return tools.openSession(environment, check)
      },
    }
    const checks = [fake('slow-one', () => undefined)]
    const { run } = await executeRun(
      slow,
      { checks, selected: checks, expectations: [] },
      fakeSettings(9),
      {},
    )
    expect(paces).to.deep.equal([1200])
    expect(run.findings).to.deep.equal(['target answers slowly: every wait and every time budget is longer'])
  })
})
