import Mocha from 'mocha'
import { expect } from 'chai'
import { Violation } from '#model/errors'
import { begin, register } from '#run/mocha/registration'
import { applicableChecks } from '#run/applicable'
import { protocols } from '#protocols/index'
import { planChecks } from '#run/select/plan'
import type { RunSettings } from '#run/settings'
import { fake, fakeSettings, fakeTools, gate } from '../fakes.ts'
import type { FakeKit } from '../fakes.ts'
import { VirtualClock } from '../virtual-clock.ts'
import type { PlacedCheck } from '#model/catalogue'

const violated = (): never => {
  throw new Violation('one thing', 'another')
}

const capabilities = { 'ws.echo': { state: 'absent', evidence: 'nothing came back' } } as const
const settings: RunSettings = fakeSettings(9)
const targets = [{ role: 'server' as const, protocol: 'websocket' as const, url: 'ws://fake/', capabilities }]
const environment = {
  engine: settings.engine,
  redactor: settings.redactor,
  seed: 7,
  timeScale: 1,
}

interface MochaResult {
  readonly passed: string[]
  readonly failed: [title: string, message: string][]
  readonly pending: string[]
  disposed: number
}

/** Runs a mocha of its own over registered checks, as its command line does. */
async function mochaOver(checks: readonly PlacedCheck<FakeKit>[], grep: string | null): Promise<MochaResult> {
  const result: MochaResult = { passed: [], failed: [], pending: [], disposed: 0 }
  const mocha = new Mocha({ reporter: Mocha.reporters.Base, timeout: 0 })
  if (grep !== null) mocha.grep(grep)
  Object.assign(mocha.options, {
    globalSetup: [
      function beginWith(this: Mocha.Runner) {
        begin(this)
      },
    ],
  })
  const prepared = { environment, targets, plan: planChecks(checks, targets, protocols), broadcasts: false }
  let suite = mocha.suite
  register(fakeTools(targets), prepared, settings, async () => void (result.disposed += 1), {
    describe(title, body) {
      suite = Mocha.Suite.create(mocha.suite, title)
      body()
    },
    it(title, body) {
      const test = new Mocha.Test(title, body)
      suite.addTest(test)
      return test
    },
    after: (body) => void mocha.suite.afterAll(body),
  })
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve())
    runner.on('pass', (test) => result.passed.push(test.title))
    runner.on('pending', (test) => result.pending.push(test.title))
    runner.on('fail', (test, error: Error) => result.failed.push([test.title, error.message]))
  })
  mocha.dispose()
  return result
}

describe('registration with a mocha of others', () => {
  it('makes each check a test: failed, or pending with the reason why it does not apply', async () => {
    const checks = [
      fake('mocha-passes', () => undefined),
      fake('mocha-fails', violated),
      fake('mocha-should', violated, { level: 'SHOULD' }),
      fake('mocha-needs', violated, { needs: ['ws.echo'] }),
      fake('mocha-crashes', () => {
        throw new TypeError('ours')
      }),
    ]
    const result = await mochaOver(checks, null)
    expect(result.passed).to.deep.equal([
      'ws/fake/mocha-passes: does mocha-passes',
      'ws/fake/mocha-should: does mocha-should',
    ])
    expect(result.failed).to.deep.equal([
      [
        'ws/fake/mocha-fails: does mocha-fails',
        'fail (MUST, STREAMPROOF fake): expected one thing; actual: another\n  streamproof run --only ws/fake/mocha-fails --seed 7',
      ],
      [
        'ws/fake/mocha-crashes: does mocha-crashes',
        'harness-error (MUST, STREAMPROOF fake): an error in Streamproof: TypeError: ours\n  streamproof run --only ws/fake/mocha-crashes --seed 7',
      ],
    ])
    expect(result.pending).to.deep.equal([
      'ws/fake/mocha-needs: does mocha-needs (not applicable: needs ws.echo: nothing came back)',
    ])
    expect(result.disposed).to.equal(1)
  })

  it('never starts a check that --grep excludes', async () => {
    const ran: string[] = []
    const checks = ['one', 'two', 'three'].map((name) => fake(`grep-${name}`, () => void ran.push(name)))
    const result = await mochaOver(checks, 'grep-t')
    expect(result.passed).to.have.length(2)
    expect(ran).to.deep.equal(['two', 'three'])
  })

  it('counts a late throw against its own check, not against the test that mocha awaits', async () => {
    const thrown = gate()
    const checks = [
      fake('mocha-late-beside', () => thrown.wait),
      fake('mocha-late', () => {
        setTimeout(() => {
          thrown.open()
          throw new Error('late')
        })
      }),
    ]
    const result = await mochaOver(checks, null)
    expect(result.passed).to.deep.equal(['ws/fake/mocha-late-beside: does mocha-late-beside'])
    expect(result.failed.map(([title]) => title)).to.deep.equal(['ws/fake/mocha-late: does mocha-late'])
  })
})

describe('the list of checks for any runner', () => {
  it('has a title, a reason to skip, and a function without arguments that rejects if the check fails', async () => {
    const checks = [
      fake('list-passes', () => undefined),
      fake('list-fails', violated),
      fake('list-needs', violated, { needs: ['ws.echo'] }),
    ]
    const list = await applicableChecks(
      fakeTools(targets),
      { checks, selected: checks, expectations: [] },
      settings,
    )
    expect(list.map(({ title, skip, run }) => [title, skip, run.length])).to.deep.equal([
      ['does list-passes', null, 0],
      ['does list-fails', null, 0],
      ['does list-needs', 'needs ws.echo: nothing came back', 0],
    ])
    await list[0]?.run()
    const error: unknown = await list[1]?.run().then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(error).to.include({ expected: 'one thing', actual: 'another' })
  })

  it('gives a limit for the runner: the time budget, 5 s for closing connections, and 1 s more', async () => {
    const checks = [
      fake('list-usual', () => undefined),
      fake('list-budget', () => undefined, { budget: 60_000 }),
      fake('list-hangs', ({ wait }) => wait(60_000), { budget: 20 }),
    ]
    const scaled = { ...settings, timeScale: 2, budgets: { 'ws/fake/list-usual': 3000 } }
    const clock = new VirtualClock()
    const list = await applicableChecks(
      fakeTools(targets, clock),
      { checks, selected: checks, expectations: [] },
      scaled,
    )
    expect(list.map(({ timeoutMs }) => timeoutMs)).to.deep.equal([12_000, 126_000, 6040])
    const hangs = list[2]?.run().then(
      () => null,
      (thrown: unknown) => thrown,
    )
    const error: unknown = await clock.run(Promise.resolve(hangs))
    // Its budget of 20 ms, scaled.
    expect(clock.now()).to.equal(40)
    expect(String(error)).to.include('out-of-time')
  })
})
