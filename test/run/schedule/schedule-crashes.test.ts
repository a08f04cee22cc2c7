import { expect } from 'chai'
import { Violation } from '#model/errors'
import { FakeTarget } from '../fake-target.ts'
import { fake, runFakes } from '../fakes.ts'
import { VirtualClock } from '../virtual-clock.ts'

const violated = (): never => {
  throw new Violation('one thing', 'another')
}

/** A check that is connected for between 5 and 35 ms. */
const echo = (id: string, index: number) =>
  fake(id, async ({ ask, wait }) => {
    const line = await ask(`line ${index}`)
    await wait(5 + (index % 7) * 5)
    if (line !== `line ${index}`) violated()
  })

const echoes = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => echo(`${name}-${index}`, index))

describe('a target that crashes', () => {
  it('20 ms after a bad frame: the check that sent it fails, all others are judged', async () => {
    const clock = new VirtualClock()
    const target = new FakeTarget(clock, (line, reply, self) => {
      reply(line)
      if (line === 'bad') clock.after(20, () => self.crash(150))
    })
    const bad = fake('crash-bad-frame', async ({ ask }) => void (await ask('bad')))
    const checks = [...echoes('before-bad', 25), bad, ...echoes('after-bad', 30)]
    const report = await runFakes({ clock, target, checks, settings: { jobs: 16 } })
    expect(report.results).to.have.length(56)
    const failures = report.results.filter(({ verdict }) => verdict !== 'pass')
    expect(failures.map(({ id, verdict }) => [id, verdict])).to.deep.equal([
      ['ws/fake/crash-bad-frame', 'fail'],
    ])
    expect(failures[0]).to.include({
      expected: 'the target keeps accepting connections',
      actual: 'the target crashed: right after this check it accepted no connection',
    })
    expect(failures[0]?.transcript).to.have.length(1)
    // Once among the others, once alone, and twice more to make sure that it does not crash by itself.
    expect(target.crashes).to.equal(4)
    expect(report.run.findings).to.deep.equal([
      'target crashed: it stopped accepting connections',
      'target crashed during ws/fake/crash-bad-frame',
    ])
  })

  it('only once: the suspects are inconclusive, and later checks are judged', async () => {
    const clock = new VirtualClock()
    const target = new FakeTarget(clock, (line, reply, self) => {
      reply(line)
      if (line === 'once') clock.after(150, () => self.crashes === 0 && self.crash(500))
    })
    const suspects = ['once', 'beside', 'also-beside', 'beside-too'].map((line) =>
      fake(`crash-${line}`, async ({ ask, wait }) => {
        await ask(line)
        await wait(200)
      }),
    )
    const later = fake('crash-later', async ({ ask }) => void (await ask('later')), {
      after: ['ws/fake/crash-once'],
    })
    const report = await runFakes({ clock, target, checks: [...suspects, later] })
    for (const result of report.results.slice(0, 4)) {
      expect(result).to.include({
        verdict: 'inconclusive',
        reason:
          'target-crashed: the target crashed while this check was connected, but not when it was repeated alone',
      })
    }
    expect(report.results.at(-1)?.verdict).to.equal('pass')
    expect(report.run.findings).to.deep.equal(['target crashed: it stopped accepting connections'])
  })

  for (const period of [170, 290, 430]) {
    it(`by itself every ${period} ms: no check fails for it`, async () => {
      const clock = new VirtualClock()
      const target = new FakeTarget(clock)
      let stopped = false
      const crashLater = (): void => {
        clock.after(period, () => {
          if (stopped) return
          target.crash(50)
          crashLater()
        })
      }
      crashLater()
      const checks = [20, 60, 90, 130, 180].map((ms) =>
        fake(`patient-${ms}-${period}`, async ({ ask, wait }) => {
          await ask('hello')
          await wait(ms)
        }),
      )
      const report = await runFakes({ clock, target, checks })
      stopped = true
      const accused = report.results.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'inconclusive')
      expect(accused).to.deep.equal([])
      expect(report.run.findings.join('; ')).to.not.include('crashed during')
    })
  }

  it('while other checks run: they are interrupted, and run again', async () => {
    const clock = new VirtualClock()
    const target = new FakeTarget(clock, (line, reply, self) => {
      reply(line)
      if (self.crashes === 0) clock.after(5, () => self.crash(50))
    })
    const idleAt: number[] = []
    const report = await runFakes({
      clock,
      target,
      checks: [
        fake('interrupted-crashes', async ({ ask, wait }) => {
          await ask('hello')
          await wait(30)
        }),
        // Its connection is refused, so the crash is noticed.
        fake('interrupted-notices', async ({ ask, wait }) => {
          await wait(10)
          await ask('hello')
        }),
        // It has no connection, so it is no suspect. The first time it would not end by itself within its budget.
        fake('interrupted-idle', ({ wait }) => (idleAt.push(clock.now()) === 1 ? wait(14_000) : undefined)),
      ],
    })
    expect(idleAt).to.have.length(2)
    expect(idleAt[1]).to.be.lessThan(500)
    expect(report.results[2]).to.deep.include({ verdict: 'pass', attempts: { total: 1, failed: 0 } })
  })

  it('more than ten times: the run is given up, and the remaining checks are not tried', async () => {
    const clock = new VirtualClock()
    const crashed = new Set<string>()
    const target = new FakeTarget(clock, (line, reply, self) => {
      reply(line)
      // Once during each, so that none is found to be the cause.
      if (line.startsWith('crash') && !crashed.has(line)) self.crash(60)
      crashed.add(line)
    })
    const alone = { exclusive: 'time', expectedDurationMs: 5 } as const
    const pairs = Array.from({ length: 12 }, (_, index) => [
      fake(`crashes-${index}`, async ({ ask }) => void (await ask(`crash ${index}`)), alone),
      fake(`notices-${index}`, async ({ ask }) => void (await ask(`notice ${index}`)), alone),
    ])
    const report = await runFakes({ clock, target, checks: pairs.flat() })
    expect(report.run.findings).to.include(
      'target crashed more than 10 times; the remaining checks are inconclusive',
    )
    const untried = report.results.slice(-2)
    expect(untried.map(({ verdict, reason }) => [verdict, reason])).to.deep.equal(
      untried.map(() => ['inconclusive', 'target-crashed: the target crashed more than 10 times']),
    )
    expect(crashed).to.include('crash 10').and.not.include('crash 11')
  })

  it('for good: the suspects are named, and the remaining checks are inconclusive', async () => {
    const clock = new VirtualClock()
    const target = new FakeTarget(clock, (line, reply, self) => {
      reply(line)
      self.crash(60_000)
    })
    const foundAt: number[] = []
    const report = await runFakes({
      clock,
      target,
      hooks: { finding: () => foundAt.push(clock.now()) },
      checks: [
        fake('final-crash', async ({ ask, wait }) => {
          await ask('hello')
          await wait(30)
        }),
        fake('final-rest', ({ wait }) => wait(1), { after: ['ws/fake/final-crash'] }),
      ],
    })
    expect(report.run.findings).to.deep.equal([
      'target crashed: it stopped accepting connections',
      'target crashed and did not recover; the remaining checks are inconclusive',
      'checks connected at the crash or just before: ws/fake/final-crash; run them one at a time with --only',
    ])
    expect(report.results.map(({ reason }) => reason)).to.deep.equal(
      report.results.map(() => 'target-crashed: the target crashed and did not recover'),
    )
    // The run waited ten seconds for it.
    expect(foundAt[0]).to.be.within(10_000, 10_200)
  })
})

describe('a target that accepts no connection for a while', () => {
  it('because there were too many did not crash: no check fails, and no verdict is lost', async () => {
    const clock = new VirtualClock()
    const target = new FakeTarget(clock)
    // Twenty at once, and then one every 10 ms.
    let [tokens, at] = [20, clock.now()]
    target.onAccept = () => {
      tokens = Math.min(20, tokens + (clock.now() - at) / 10) - 1
      at = clock.now()
      if (tokens < 1) target.stopAccepting(300)
    }
    const checks = Array.from({ length: 12 }, (_, index) =>
      fake(`too-many-${index}`, async ({ ask }) => {
        for (const line of ['one', 'two', 'three', 'four']) await ask(line)
      }),
    )
    const report = await runFakes({ clock, target, checks })
    expect(report.summary).to.include({ total: 12, pass: 12, flaky: 0 })
    expect(report.run.findings).to.deep.equal(['target rate-limits connections; slowing down'])
  })
})
