import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import { FakeTarget } from '../fake-target.ts'
import { busy, fake, gate, runFakes } from '../fakes.ts'
import type { FakeKit } from '../fakes.ts'
import { VirtualClock } from '../virtual-clock.ts'

const rateLimited = 'target rate-limits connections; slowing down'
const concurrencyLimited = 'target limits concurrent connections; running fewer checks at once'
const refusesAlways = 'target keeps refusing connections after every pause; no longer waiting for it'

const alone = { exclusive: 'time', expectedDurationMs: 5 } as const

const violated = (): never => {
  throw new Violation('one thing', 'another')
}

describe('a target that limits concurrent connections', () => {
  it('to four loses no verdict', async () => {
    const clock = new VirtualClock()
    const target = new FakeTarget(clock, undefined, 4)
    const checks = Array.from({ length: 40 }, (_, index) =>
      fake(`limited-${index}`, async ({ ask, wait }) => {
        const line = await ask(`line ${index}`)
        await wait(10)
        if (line !== `line ${index}`) violated()
      }),
    )
    const report = await runFakes({ clock, target, checks, settings: { jobs: 16 } })
    expect(target.dropped).to.be.greaterThan(0)
    expect(report.summary).to.include({ total: 40, pass: 40, flaky: 0 })
  })

  it('runs a check alone after it was refused three times', async () => {
    let active = 0
    const seen: number[] = []
    const fillers = Array.from({ length: 24 }, (_, index) =>
      fake(
        `filler-${index}`,
        async ({ wait }) => {
          active += 1
          await wait(8)
          active -= 1
        },
        { after: index === 0 ? [] : [`ws/fake/filler-${index - 1}`] },
      ),
    )
    const refused = fake('refused', ({ refuse }) => {
      seen.push(active)
      if (active > 0) refuse('status-503')
    })
    const report = await runFakes({ clock: new VirtualClock(), checks: [...fillers, refused] })
    expect(seen).to.deep.equal([1, 1, 1, 0])
    expect(report.results.at(-1)).to.deep.include({ verdict: 'pass', attempts: { total: 1, failed: 0 } })
    expect(report.run.findings).to.deep.equal([concurrencyLimited])
  })

  for (const [title, limitLowered, outcome, runs] of [
    ['is an answer while the target accepts all connections', false, 'held', 1],
    ['is a refusal once the target is known to accept fewer', true, 'held', 2],
    ['is an answer if the check failed', true, 'violated', 1],
  ] as const) {
    it(`a reset ${title}`, async () => {
      const lowered = gate()
      let count = 0
      const checks = [
        fake('reset-first', async ({ refuse, wait }) => {
          if (!limitLowered) return lowered.open()
          if (!lowered.isOpen) refuse('status-503')
          await wait(1)
        }),
        fake('reset', async ({ refuse }) => {
          count += 1
          await lowered.wait
          if (count === 1) refuse('econnreset')
          if (outcome === 'violated') violated()
        }),
        fake('reset-beside', () => lowered.wait),
      ]
      await runFakes({
        clock: new VirtualClock(),
        checks,
        settings: { jobs: 4, repeatFailures: false },
        hooks: { finding: () => lowered.open() },
      })
      expect(count).to.equal(runs)
    })
  }
})

describe('a target that limits the rate of connections', () => {
  const refusing = ({ refuse }: FakeKit): never => {
    refuse('status-429', 20)
    throw new Inconclusive('target-refused', 'the target answered 429')
  }

  it('gets them at intervals, after pauses: no verdict is lost', async () => {
    const clock = new VirtualClock()
    // Three at once, and then one every 100 ms.
    let [tokens, at] = [3, clock.now()]
    const target = new FakeTarget(clock, (line, reply) => {
      tokens = Math.min(3, tokens + (clock.now() - at) / 100)
      at = clock.now()
      if (tokens < 1) reply(`${busy}100`)
      else {
        tokens -= 1
        reply(line)
      }
    })
    const checks = Array.from({ length: 12 }, (_, index) =>
      fake(`limited-rate-${index}`, async ({ ask }) => {
        for (let line = 0; line <= index % 4; line += 1) await ask(`line ${line}`)
      }),
    )
    const report = await runFakes({ clock, target, checks })
    expect(report.summary).to.include({ total: 12, pass: 12, flaky: 0 })
    expect(report.run.findings).to.have.members([concurrencyLimited, rateLimited])
    expect(report.run.exitCode).to.equal(0)
  })

  it('is given the pause that it asks for if it refuses a check that runs alone', async () => {
    const clock = new VirtualClock()
    const at: number[] = []
    const check = fake(
      'alone',
      async (kit) => {
        if (at.push(clock.now()) < 3) refusing(kit)
        await kit.ask('hello')
      },
      alone,
    )
    const report = await runFakes({ clock, checks: [check] })
    expect(report.results[0]).to.deep.include({
      verdict: 'pass',
      attempts: { total: 1, failed: 0 },
      reason: null,
    })
    expect(at).to.deep.equal([0, 20, 40])
    expect(report.run.findings).to.deep.equal([rateLimited])
  })

  it('is given the pause that it asks for also if other checks ran', async () => {
    const clock = new VirtualClock()
    const at: number[] = []
    const checks = [
      fake('not-alone', ({ refuse }) => (at.push(clock.now()) < 2 ? refuse('status-503', 60) : undefined)),
      fake('beside-it', ({ wait }) => wait(5)),
    ]
    const report = await runFakes({ clock, checks })
    expect(report.run.findings).to.deep.equal([concurrencyLimited])
    expect(at).to.deep.equal([0, 60])
  })

  it('is waited for after a 429, even if the check passed', async () => {
    let runs = 0
    const check = fake('passed', ({ refuse }) => (++runs < 3 ? refuse('status-429', 1) : undefined), alone)
    await runFakes({ clock: new VirtualClock(), checks: [check] })
    expect(runs).to.equal(3)
  })

  it('is not waited for if the check passed on a 503, which it may be about', async () => {
    let runs = 0
    const check = fake(
      'answered',
      ({ refuse }) => {
        runs += 1
        refuse('status-503', 1)
      },
      alone,
    )
    const report = await runFakes({ clock: new VirtualClock(), checks: [check] })
    expect([runs, report.results[0]?.verdict, report.run.findings]).to.deep.equal([1, 'pass', []])
  })

  it('gets at most four checks at once, and their time budgets allow for the intervals', async () => {
    let active = 0
    let most = 0
    const attempts: number[] = []
    const first = fake('slows', (kit) => (attempts.push(0) < 2 ? refusing(kit) : undefined))
    const rest = Array.from({ length: 8 }, (_, index) =>
      fake(
        `slowed-${index}`,
        async ({ wait }) => {
          active += 1
          most = Math.max(most, active)
          await wait(100)
          active -= 1
        },
        { after: ['ws/fake/slows'], budget: 50 },
      ),
    )
    const report = await runFakes({ clock: new VirtualClock(), checks: [first, ...rest] })
    expect(most).to.equal(4)
    expect(report.summary).to.include({ total: 9, pass: 9, flaky: 0 })
  })

  it('is no longer waited for when pauses have not helped three checks; the run does not succeed', async () => {
    const runs = [0, 0, 0, 0, 0]
    const checks = runs.map((_, index) =>
      fake(
        `given-up-${index}`,
        (kit) => {
          runs[index] = (runs[index] ?? 0) + 1
          refusing(kit)
        },
        alone,
      ),
    )
    const passes = fake('passes', () => undefined)
    const report = await runFakes({ clock: new VirtualClock(), checks: [...checks, passes] })
    // Six pauses for each of the first three. Each check is repeated once, because it was inconclusive.
    expect(runs).to.deep.equal([8, 8, 8, 2, 2])
    expect(report.results.slice(0, 5).map(({ reason }) => reason)).to.deep.equal(
      runs.map(() => 'target-refused: the target answered 429'),
    )
    expect(report.run.findings).to.deep.equal([refusesAlways])
    expect(report.run.exitCode).to.equal(2)
  })
})
