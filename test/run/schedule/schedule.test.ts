import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import type { RunTarget } from '#target/target'
import { Schedule } from '#run/schedule/schedule'
import { FakeTarget } from '../fake-target.ts'
import { drivenBy, engine, fake, fakeSettings, fakeTools, gate, runFakes, verdicts } from '../fakes.ts'
import { VirtualClock } from '../virtual-clock.ts'

const violated = (): never => {
  throw new Violation('one thing', 'another')
}

describe('the scheduler', () => {
  it('gives each check the verdict of what it threw', async () => {
    const report = await runFakes({
      clock: new VirtualClock(),
      checks: [
        fake('outcomes-held', () => undefined),
        fake('outcomes-must', violated),
        fake('outcomes-should', violated, { level: 'SHOULD' }),
        fake('outcomes-info', violated, { level: 'INFO' }),
        fake('outcomes-inconclusive', () => {
          throw new Inconclusive('no-event', 'none came')
        }),
        fake('outcomes-error', () => {
          throw new TypeError('unexpected')
        }),
      ],
    })
    expect(verdicts(report)).to.deep.equal({
      'outcomes-held': 'pass',
      'outcomes-must': 'fail',
      'outcomes-should': 'warn',
      'outcomes-info': 'notice',
      'outcomes-inconclusive': 'inconclusive',
      'outcomes-error': 'harness-error',
    })
    expect(report.run.exitCode).to.equal(4)
    expect(report.results[5]?.reason).to.equal('an error in Streamproof: TypeError: unexpected')
  })

  it('runs up to `jobs` checks at once, and reports in the order of the catalogue', async () => {
    let active = 0
    let most = 0
    const order: string[] = []
    const checks = Array.from({ length: 12 }, (_, index) =>
      fake(`order-${index}`, async ({ wait }) => {
        active += 1
        most = Math.max(most, active)
        await wait(30 - index * 2)
        active -= 1
      }),
    )
    await runFakes({
      clock: new VirtualClock(),
      checks,
      settings: { jobs: 5 },
      hooks: { reported: ({ id }) => void order.push(id) },
    })
    expect(most).to.equal(5)
    expect(order).to.deep.equal(checks.map(({ id }) => id))
  })

  it('runs no more checks at once than the driver of their target allows', async () => {
    const clock = new VirtualClock()
    const target = new FakeTarget(clock)
    const most = [0, 0]
    const active = [0, 0]
    const checks = Array.from({ length: 6 }, (_, index) =>
      fake(`slots-${index}`, async ({ wait }) => {
        const side = index % 2
        active[side] = (active[side] ?? 0) + 1
        most[side] = Math.max(most[side] ?? 0, active[side] ?? 0)
        await wait(10)
        active[side] = (active[side] ?? 0) - 1
      }),
    )
    const { redactor, seed, targets } = fakeSettings(9)
    const [only] = drivenBy(target, targets)
    if (only === undefined) throw new TypeError('the settings have a target')
    const limited: RunTarget = {
      ...only,
      driver: (index) => ({ ...only.driver(index), maxConcurrent: 1 }),
    }
    const schedule = new Schedule(
      checks.map((check, index) => ({ check, target: index % 2, notApplicable: null })),
      fakeTools([], clock, target),
      {
        environment: { engine, redactor, seed, timeScale: 1 },
        targets: [limited, only],
        jobs: 4,
        budget: () => 5000,
        repeatFailures: true,
      },
    )
    await clock.run(schedule.run())
    expect(most).to.deep.equal([1, 3])
  })

  it('runs an exclusive check alone', async () => {
    let active = 0
    const seen: number[] = []
    const busy = (index: number) =>
      fake(`exclusive-beside-${index}`, async ({ wait }) => {
        active += 1
        await wait(20)
        active -= 1
      })
    const alone = fake(
      'exclusive-alone',
      async ({ wait }) => {
        seen.push(active)
        await wait(20)
        seen.push(active)
      },
      { exclusive: 'time', expectedDurationMs: 5 },
    )
    await runFakes({ clock: new VirtualClock(), checks: [busy(1), alone, busy(2), busy(3)] })
    expect(seen).to.deep.equal([0, 0])
  })

  it('never starts a check that was not selected', async () => {
    const ran: string[] = []
    const checks = ['a', 'b', 'c'].map((name) => fake(`chosen-${name}`, () => void ran.push(name)))
    const report = await runFakes({
      clock: new VirtualClock(),
      checks,
      selection: { only: ['ws/fake/chosen-b'] },
    })
    expect(ran).to.deep.equal(['b'])
    expect(report.results.map(({ id }) => id)).to.deep.equal(['ws/fake/chosen-b'])
  })

  it('does not run a check without the capability that it needs, and gives the reason', async () => {
    const report = await runFakes({
      clock: new VirtualClock(),
      checks: [
        fake('needs-echo', violated, { needs: ['ws.echo'] }),
        fake('needs-deflate', violated, { needs: ['ws.deflate'] }),
      ],
      capabilities: {
        'ws.echo': { state: 'absent', evidence: 'a text message did not come back' },
        'ws.deflate': { state: 'broken', evidence: 'half of it' },
      },
    })
    expect(verdicts(report)).to.deep.equal({ 'needs-echo': 'not-applicable', 'needs-deflate': 'fail' })
    expect(report.results[0]?.reason).to.equal('needs ws.echo: a text message did not come back')
  })

  it('blocks the checks whose prerequisite failed, and no others', async () => {
    let runs = 0
    const report = await runFakes({
      clock: new VirtualClock(),
      checks: [
        fake('parent-fails', violated),
        fake('child-of-failed', () => undefined, { after: ['ws/fake/parent-fails'] }),
        fake('grandchild', () => undefined, { after: ['ws/fake/child-of-failed'] }),
        fake('parent-flaky', () => (runs++ === 0 ? violated() : undefined)),
        fake('child-of-flaky', () => undefined, { after: ['ws/fake/parent-flaky'] }),
        fake('parent-exclusive', () => undefined, { exclusive: 'time', expectedDurationMs: 5 }),
        fake('child-of-exclusive', () => undefined, { after: ['ws/fake/parent-exclusive'] }),
      ],
    })
    expect(verdicts(report)).to.deep.equal({
      'parent-fails': 'fail',
      'child-of-failed': 'blocked',
      grandchild: 'blocked',
      'parent-flaky': 'pass',
      'child-of-flaky': 'pass',
      'parent-exclusive': 'pass',
      'child-of-exclusive': 'pass',
    })
    expect(report.results[1]?.reason).to.equal('the prerequisite ws/fake/parent-fails did not pass')
    expect(report.results[1]?.cause).to.equal('ws/fake/parent-fails')
    expect(report.results[3]?.attempts).to.deep.equal({ total: 3, failed: 1 })
  })

  it('repeats a failed check alone; if it fails again, that is the verdict', async () => {
    let active = 0
    const beside: number[] = []
    const slow = (index: number) =>
      fake(`repeat-slow-${index}`, async ({ wait }) => {
        active += 1
        await wait(30)
        active -= 1
      })
    const fails = fake('repeat-fails', () => {
      beside.push(active)
      violated()
    })
    const report = await runFakes({ clock: new VirtualClock(), checks: [slow(1), slow(2), fails] })
    expect(beside).to.deep.equal([2, 0])
    expect(report.results[2]).to.deep.include({
      verdict: 'fail',
      attempts: { total: 2, failed: 2 },
      expected: 'one thing',
      actual: 'another',
    })
  })

  it('repeats no check when the time for repetitions is spent', async () => {
    const clock = new VirtualClock()
    const target = new FakeTarget(clock)
    const runs: Record<string, number> = {}
    const fails = (name: string) =>
      fake(`spends-${name}`, async ({ wait }) => {
        runs[name] = (runs[name] ?? 0) + 1
        await wait(40)
        violated()
      })
    const checks = [fails('first'), fails('second')]
    const { targets, redactor, seed } = fakeSettings(9)
    const schedule = new Schedule(
      checks.map((check) => ({ check, target: 0, notApplicable: null })),
      fakeTools([], clock, target),
      {
        environment: { engine, redactor, seed, timeScale: 1 },
        targets: drivenBy(target, targets),
        jobs: 2,
        budget: () => 5000,
        repeatFailures: true,
        repetitionsMs: 10,
      },
    )
    await clock.run(schedule.run())
    expect(runs).to.deep.equal({ first: 2, second: 1 })
    expect(schedule.entries.map(({ judged }) => judged?.outcome.kind)).to.deep.equal(['violated', 'violated'])
  })

  it('ends a check when its time budget is spent, and closes what the check opened', async () => {
    const clock = new VirtualClock()
    const target = new FakeTarget(clock, () => undefined)
    const endedAt: number[] = []
    const report = await runFakes({
      clock,
      target,
      checks: [fake('budget-spent', async ({ ask }) => void (await ask('hello')), { budget: 50 })],
      hooks: { observed: () => endedAt.push(clock.now()) },
      settings: { repeatFailures: false },
    })
    expect(report.results[0]?.reason).to.equal(
      'out-of-time: the time budget of the check was spent before it could be judged',
    )
    expect(endedAt).to.deep.equal([50])
  })
})

describe('a check whose prerequisite fails while it runs', () => {
  it('is blocked when it has ended, not before', async () => {
    const events: string[] = []
    const [started, thrown, released] = [gate(), gate(), gate()]
    const report = await runFakes({
      checks: [
        fake('fails-late', () => {
          void started.wait.then(() =>
            setImmediate(() => {
              thrown.open()
              throw new Error('late')
            }),
          )
        }),
        fake(
          'dependent',
          async () => {
            started.open()
            await released.wait
            events.push('ended')
          },
          { after: ['ws/fake/fails-late'] },
        ),
        fake('after-the-throw', () => thrown.wait),
        fake('releases', () => released.open(), { after: ['ws/fake/after-the-throw'] }),
      ],
      hooks: { reported: ({ id, verdict }) => void events.push(`${id.slice(8)} ${verdict}`) },
    })
    expect(events).to.include('ended')
    expect(events.indexOf('ended')).to.be.lessThan(events.indexOf('dependent blocked'))
    expect(report.results[1]?.reason).to.equal('the prerequisite ws/fake/fails-late did not pass')
    expect(report.results[1]?.cause).to.equal('ws/fake/fails-late')
  })
})

describe('a schedule that is stopped', () => {
  it('interrupts a check that would never end, and does not judge it', async () => {
    const controller = new AbortController()
    const checks = [
      fake('endless', () => new Promise<void>(() => undefined)),
      fake('endless-aborts', () => controller.abort()),
    ]
    const report = await runFakes({ checks, settings: { signal: controller.signal } })
    expect(verdicts(report)).to.not.have.any.keys('endless')
    expect(report.run.complete).to.equal(false)
  })
})
