import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { Inconclusive, Violation } from '../../harness/check/errors.ts'
import { fake, LineServer, runFakes, verdicts } from './fakes.ts'

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
    expect(report.results[5]?.reason).to.equal('an error of this tool: TypeError: ours')
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
      { exclusive: 'time', takes: 5 },
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
        fake('parent-exclusive', () => undefined, { exclusive: 'time', takes: 5 }),
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
    expect(report.results[1]?.reason).to.equal('builds on ws/fake/parent-falls, which fell')
    expect(report.results[3]?.overlay).to.deep.equal({ kind: 'flaky', attempts: 3, fails: 1 })
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
    expect(report.results[2]).to.include({
      verdict: 'fail',
      overlay: null,
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

describe('errors that nobody caught', () => {
  it('charges a late throw from a timer to its own check', async () => {
    const report = await runFakes({
      checks: [
        fake('late-timer', () => {
          setTimeout(() => {
            throw new Error('from a timer')
          }, 15)
        }),
        ...Array.from({ length: 6 }, (_, index) =>
          fake(`late-timer-beside-${index}`, ({ wait }) => wait(40)),
        ),
      ],
    })
    expect(Object.entries(verdicts(report)).filter(([, verdict]) => verdict !== 'pass')).to.deep.equal([
      ['late-timer', 'harness-error'],
    ])
    expect(report.results[0]?.reason).to.equal('an error of this tool: Error: from a timer')
    expect(report.run.exitCode).to.equal(4)
  })

  it('charges an error event without a listener to the check that caused it', async () => {
    const report = await runFakes({
      checks: [
        fake('late-emitter-beside-1', ({ wait }) => wait(40)),
        fake('late-emitter', () => {
          const emitter = new EventEmitter()
          setTimeout(() => emitter.emit('error', new Error('from an emitter')), 15)
        }),
        fake('late-emitter-beside-2', ({ wait }) => wait(40)),
      ],
    })
    expect(verdicts(report)).to.deep.equal({
      'late-emitter-beside-1': 'pass',
      'late-emitter': 'harness-error',
      'late-emitter-beside-2': 'pass',
    })
  })

  it('charges a rejection that nobody handled', async () => {
    const report = await runFakes({
      checks: [
        fake('late-rejection', () => {
          setTimeout(() => void Promise.reject(new Error('unhandled')), 10)
        }),
        fake('late-rejection-beside', ({ wait }) => wait(40)),
      ],
    })
    expect(verdicts(report)).to.deep.equal({
      'late-rejection': 'harness-error',
      'late-rejection-beside': 'pass',
    })
  })

  it('leaves the process as it was', async () => {
    const before = ['uncaughtException', 'unhandledRejection'].map((name) => process.listenerCount(name))
    await Promise.all(
      [1, 2].map((index) => runFakes({ checks: [fake(`restore-${index}`, ({ wait }) => wait(5))] })),
    )
    expect(
      ['uncaughtException', 'unhandledRejection'].map((name) => process.listenerCount(name)),
    ).to.deep.equal(before)
    expect(process.hasUncaughtExceptionCaptureCallback()).to.equal(false)
  })
})

describe('a target that dies', () => {
  const echo = (index: number) =>
    fake(`echo-${index}-of-${Math.random().toString(36).slice(2)}`, async ({ ask, wait }) => {
      const line = await ask(`line ${index}`)
      await wait(5 + (index % 7) * 5)
      if (line !== `line ${index}`) violated()
    })

  it('20 ms after a bad frame is charged to the check that sent it; the others are judged once it is back', async () => {
    const server = await new LineServer((line, self, socket) => {
      socket.write(`${line}\n`)
      if (line === 'bad') setTimeout(() => self.die(150), 20)
    }).start()
    const bad = fake('death-bad-frame', async ({ ask }) => void (await ask('bad')))
    const checks = [
      ...Array.from({ length: 25 }, (_, index) => echo(index)),
      bad,
      ...Array.from({ length: 30 }, (_, index) => echo(index)),
    ]
    const report = await runFakes({ port: server.port, checks, settings: { jobs: 16 } })
    await server.stop()
    const fallen = report.results.filter(({ verdict }) => verdict !== 'pass')
    expect(fallen.map(({ id, verdict }) => [id, verdict])).to.deep.equal([
      ['ws/fake/death-bad-frame', 'fail'],
    ])
    expect(fallen[0]).to.include({
      expected: 'the target goes on accepting connections',
      actual: 'the target died: right after this check it accepted no connection',
    })
    expect(fallen[0]?.transcript).to.have.length(1)
    // Once among the others, once alone, and twice more to be sure that it does not die by itself.
    expect(server.deaths).to.equal(4)
    expect(report.run.findings).to.include('the target died of ws/fake/death-bad-frame')
    expect(report.results).to.have.length(56)
  })

  it('and does not die of any of them again makes the suspects inconclusive', async () => {
    let deaths = 0
    const server = await new LineServer((line, self, socket) => {
      socket.write(`${line}\n`)
      if (line === 'once' && deaths++ === 0) setTimeout(() => self.die(100), 5)
    }).start()
    const once = fake('death-once', async ({ ask, wait }) => {
      await ask('once')
      await wait(10)
    })
    const beside = Array.from({ length: 4 }, (_, index) => echo(index))
    const later = fake('death-later', async ({ ask }) => void (await ask('later')), {
      after: ['ws/fake/death-once'],
    })
    const report = await runFakes({ port: server.port, checks: [once, ...beside, later] })
    await server.stop()
    expect(report.results[0]?.verdict).to.equal('inconclusive')
    expect(report.results[0]?.reason).to.equal(
      'target-died: the target died while it was connected, and was not seen to die of it when it was repeated alone',
    )
    expect(report.results.at(-1)?.verdict).to.equal('pass')
    expect(report.run.findings).to.deep.equal(['the target died: it took no more connections'])
  })
})

describe('a target that dies by itself, again and again', () => {
  for (const period of [170, 290, 430]) {
    it(`every ${period} ms accuses nobody`, async () => {
      const server = await new LineServer().start()
      const timer = setInterval(() => server.die(50), period)
      const checks = [20, 60, 90, 130, 180].map((ms) =>
        fake(`patient-${ms}-${period}`, async ({ ask, wait }) => {
          await ask('hello')
          await wait(ms)
        }),
      )
      const report = await runFakes({ port: server.port, checks })
      clearInterval(timer)
      await server.stop()
      const accused = report.results.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'inconclusive')
      expect(accused).to.deep.equal([])
      expect(report.run.findings.join('; ')).to.not.include('died of')
    })
  }
})

describe('a target that refuses connections', () => {
  it('from the 5th at once on loses no verdict', async () => {
    const server = await new LineServer(undefined, 4).start()
    const checks = Array.from({ length: 40 }, (_, index) =>
      fake(`limited-${index}`, async ({ ask, wait }) => {
        const line = await ask(`line ${index}`)
        await wait(10)
        if (line !== `line ${index}`) violated()
      }),
    )
    const report = await runFakes({ port: server.port, checks, settings: { jobs: 16 } })
    await server.stop()
    expect(server.refused).to.be.greaterThan(0)
    expect(report.summary).to.include({ total: 40, pass: 40, flaky: 0 })
  })
})
