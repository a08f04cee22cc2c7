import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import { Schedule } from '#run/schedule/schedule'
import { engine, fake, fakeSettings, fakeTools, gate, LineServer, runFakes, verdicts } from '../fakes.ts'

const violated = (): never => {
  throw new Violation('one thing', 'another')
}

describe('the scheduler', () => {
  it('gives each check the verdict of what it threw', async () => {
    const report = await runFakes({
      checks: [
        fake('outcomes-held', () => undefined),
        fake('outcomes-must', violated),
        fake('outcomes-should', violated, { level: 'SHOULD' }),
        fake('outcomes-info', violated, { level: 'INFO' }),
        fake('outcomes-inconclusive', () => {
          throw new Inconclusive('no-event', 'none came')
        }),
        fake('outcomes-crash', () => {
          throw new TypeError('ours')
        }),
      ],
    })
    expect(verdicts(report)).to.deep.equal({
      'outcomes-held': 'pass',
      'outcomes-must': 'fail',
      'outcomes-should': 'warn',
      'outcomes-info': 'notice',
      'outcomes-inconclusive': 'inconclusive',
      'outcomes-crash': 'harness-error',
    })
    expect(report.run.exitCode).to.equal(4)
    expect(report.results[5]?.reason).to.equal('an error in Streamproof: TypeError: ours')
  })

  it('observes up to `jobs` checks at once, and reports in the order of the text', async () => {
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
    await runFakes({ checks, settings: { jobs: 5 }, hooks: { reported: ({ id }) => void order.push(id) } })
    expect(most).to.equal(5)
    expect(order).to.deep.equal(checks.map(({ id }) => id))
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
    await runFakes({ checks: [busy(1), alone, busy(2), busy(3)] })
    expect(seen).to.deep.equal([0, 0])
  })

  it('never starts what was not selected', async () => {
    const ran: string[] = []
    const checks = ['a', 'b', 'c'].map((name) => fake(`chosen-${name}`, () => void ran.push(name)))
    const report = await runFakes({ checks, settings: { selection: { only: ['ws/fake/chosen-b'] } } })
    expect(ran).to.deep.equal(['b'])
    expect(report.results.map(({ id }) => id)).to.deep.equal(['ws/fake/chosen-b'])
  })

  it('does not run a check without the capability that it needs, and says why', async () => {
    const report = await runFakes({
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

  it('blocks what builds on a check that fell, and only that', async () => {
    let flaky = 0
    const report = await runFakes({
      checks: [
        fake('parent-falls', violated),
        fake('child-of-fallen', () => undefined, { after: ['ws/fake/parent-falls'] }),
        fake('grandchild', () => undefined, { after: ['ws/fake/child-of-fallen'] }),
        fake('parent-flaky', () => (flaky++ === 0 ? violated() : undefined)),
        fake('child-of-flaky', () => undefined, { after: ['ws/fake/parent-flaky'] }),
        fake('parent-exclusive', () => undefined, { exclusive: 'time', expectedDurationMs: 5 }),
        fake('child-of-exclusive', () => undefined, { after: ['ws/fake/parent-exclusive'] }),
      ],
    })
    expect(verdicts(report)).to.deep.equal({
      'parent-falls': 'fail',
      'child-of-fallen': 'blocked',
      grandchild: 'blocked',
      'parent-flaky': 'pass',
      'child-of-flaky': 'pass',
      'parent-exclusive': 'pass',
      'child-of-exclusive': 'pass',
    })
    expect(report.results[1]?.reason).to.equal('the prerequisite ws/fake/parent-falls did not pass')
    expect(report.results[1]?.cause).to.equal('ws/fake/parent-falls')
    expect(report.results[3]?.attempts).to.deep.equal({ total: 3, failed: 1 })
  })

  it('repeats what fell alone, and keeps the fail where it repeats', async () => {
    let active = 0
    const beside: number[] = []
    const slow = (index: number) =>
      fake(`repeat-slow-${index}`, async ({ wait }) => {
        active += 1
        await wait(30)
        active -= 1
      })
    const falls = fake('repeat-falls', () => {
      beside.push(active)
      violated()
    })
    const report = await runFakes({ checks: [slow(1), slow(2), falls] })
    expect(beside).to.deep.equal([2, 0])
    expect(report.results[2]).to.deep.include({
      verdict: 'fail',
      attempts: { total: 2, failed: 2 },
      expected: 'one thing',
      actual: 'another',
    })
  })

  it('ends a check whose time budget is spent, and what it opened', async () => {
    const server = await new LineServer(() => undefined).start()
    const report = await runFakes({
      port: server.port,
      checks: [fake('budget-spent', async ({ ask }) => void (await ask('x')), { budget: 50 })],
    })
    await server.stop()
    expect(report.results[0]?.reason).to.equal(
      'out-of-time: the time budget of the check was spent before it could be judged',
    )
  })
})

describe('repetitions', () => {
  it('end when the time for all of them is spent', async () => {
    const runs: Record<string, number> = {}
    const falls = (name: string) =>
      fake(`spends-${name}`, async ({ wait }) => {
        runs[name] = (runs[name] ?? 0) + 1
        await wait(40)
        violated()
      })
    const checks = [falls('first'), falls('second')]
    const { targets, engine: _, redactor, seed } = fakeSettings(9)
    const schedule = new Schedule(
      checks.map((check) => ({ check, target: 0, notApplicable: null })),
      fakeTools([]),
      {
        environment: { ...targets, engine, redactor, seed, timeScale: 1 },
        jobs: 2,
        budget: () => 5000,
        repeatFalls: true,
        repetitionsMs: 10,
      },
    )
    await schedule.run()
    expect(runs).to.deep.equal({ first: 2, second: 1 })
    expect(schedule.entries.map(({ judged }) => judged?.outcome.kind)).to.deep.equal(['violated', 'violated'])
  })
})

describe('a check that runs while what it builds on falls', () => {
  it('is blocked when it has ended, not before', async () => {
    const events: string[] = []
    const [started, thrown, told] = [gate(), gate(), gate()]
    const report = await runFakes({
      checks: [
        fake('falls-late', () => {
          void started.wait.then(() =>
            setImmediate(() => {
              thrown.open()
              throw new Error('late')
            }),
          )
        }),
        fake(
          'under-way',
          async () => {
            started.open()
            await told.wait
            events.push('ended')
          },
          { after: ['ws/fake/falls-late'] },
        ),
        fake('looks-again', async ({ wait }) => {
          await thrown.wait
          await wait(5)
        }),
        fake(
          'tells',
          async ({ wait }) => {
            await wait(20)
            told.open()
          },
          { after: ['ws/fake/looks-again'] },
        ),
      ],
      hooks: { reported: ({ id, verdict }) => void events.push(`${id.slice(8)} ${verdict}`) },
    })
    expect(events.indexOf('ended')).to.be.lessThan(events.indexOf('under-way blocked'))
    expect(report.results[1]?.reason).to.equal('the prerequisite ws/fake/falls-late did not pass')
    expect(report.results[1]?.cause).to.equal('ws/fake/falls-late')
  })
})

describe('a schedule that is stopped', () => {
  it('cuts what would never end, and judges nothing of it', async () => {
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
