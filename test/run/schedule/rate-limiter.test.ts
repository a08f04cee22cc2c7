import { expect } from 'chai'
import { Inconclusive } from '#model/errors'
import { Pace } from '#run/schedule/rate-limiter'
import { busy, fake, LineServer, runFakes } from '../fakes.ts'
import type { FakeKit } from '../fakes.ts'

const paced = 'the target refuses connections that come too fast: it gets them more slowly'
const fruitless = 'the target went on refusing connections, however long was waited for it'
const fewer = 'the target refused connections while several were open: it gets fewer at a time'

describe('the pace of connections', () => {
  const owner = {}

  it('is none until one is refused', async () => {
    const pace = new Pace(() => undefined)
    for (let turn = 0; turn < 1000; turn += 1) await pace.turn()
    expect([pace.gapMs, pace.heldMs, pace.roomMs, pace.passed(owner)]).to.deep.equal([0, 0, 0, false])
  })

  it('slows to half with each refusal that no other connection explains, down to one a second', () => {
    const pace = new Pace(() => undefined)
    const gaps = [1, 2, 3, 4, 5, 6].map(() => {
      expect(pace.refused(owner, 0)).to.equal(true)
      return pace.gapMs
    })
    expect(gaps).to.deep.equal([50, 100, 200, 400, 800, 1000])
    expect(pace.roomMs).to.equal(40_000)
    expect(pace.passed(owner)).to.equal(true)
    expect(pace.gapMs).to.equal(1000)
  })

  it('holds everything for as long as the target asks for', async () => {
    let told: () => void = () => undefined
    const over = new Promise<void>((resolve) => {
      told = resolve
    })
    const began = performance.now()
    const pace = new Pace(() => told())
    pace.refused(owner, 30)
    await over
    expect(performance.now() - began).to.be.at.least(30)
    expect(pace.heldMs).to.equal(0)
  })

  it('holds for five seconds at most, and for three minutes in all', () => {
    let now = 0
    const pace = new Pace(
      () => undefined,
      () => now,
    )
    pace.pause(60_000)
    expect(pace.heldMs).to.equal(5000)
    pace.pause(1)
    expect(pace.heldMs).to.equal(5000)
    now = 4000
    pace.pause(60_000)
    expect(pace.heldMs).to.equal(5000)
    // 9 seconds of 180 are spent: 34 whole pauses, and one second, are left.
    for (let pause = 0; pause < 34; pause += 1) {
      now += 5000
      pace.pause(60_000)
      expect(pace.heldMs).to.equal(5000)
    }
    now += 5000
    expect(pace.isFruitless).to.equal(false)
    pace.pause(60_000)
    expect(pace.heldMs).to.equal(1000)
    expect(pace.isFruitless).to.equal(true)
    pace.stop()
    expect(pace.heldMs).to.equal(0)
  })

  it('holds for longer with each refusal where the target asks for nothing', () => {
    const pace = new Pace(
      () => undefined,
      () => 0,
    )
    const held = [1, 2, 3, 4, 5, 6].map(() => {
      pace.refused(owner, null)
      return pace.heldMs
    })
    expect(held).to.deep.equal([250, 500, 1000, 2000, 4000, 5000])
    pace.stop()
  })

  it('lets one connection begin after the other, the interval apart', async () => {
    const pace = new Pace(() => undefined)
    pace.refused(owner, 0)
    const began = performance.now()
    const at: number[] = []
    await Promise.all(
      [0, 1, 2].map(async () => {
        await pace.turn()
        at.push(performance.now() - began)
      }),
    )
    expect(at[1]).to.be.at.least(50)
    expect(at[2]).to.be.at.least(100)
  })

  it('goes back to what it was where pauses did not help; three in a row end them all', () => {
    const pace = new Pace(() => undefined)
    const others = [{}, {}, {}, {}]
    pace.refused(owner, 0)
    pace.passed(owner)
    for (const [index, other] of others.entries()) {
      const pauses = index < 3 ? 6 : 0
      for (let pause = 0; pause < pauses; pause += 1) expect(pace.refused(other, 0)).to.equal(true)
      expect(pace.refused(other, 0)).to.equal(false)
      expect(pace.refused(other, 0)).to.equal(false)
      expect([pace.gapMs, pace.isFruitless]).to.deep.equal([50, index >= 2])
    }
    expect(pace.passed({})).to.equal(false)
    expect(pace.isFruitless).to.equal(false)
    expect(pace.refused({}, 0)).to.equal(true)
  })

  it('ends every wait when it is stopped', async () => {
    const pace = new Pace(() => undefined)
    for (let pause = 0; pause < 6; pause += 1) pace.refused(owner, 60_000)
    const turns = Array.from({ length: 500 }, () => pace.turn())
    pace.stop()
    await Promise.all(turns)
    expect(pace.refused({}, 0)).to.equal(false)
  })
})

describe('a target that limits how fast connections come', () => {
  it('gets them at intervals, and as it asks: no verdict is lost', async () => {
    // Three at once, and then one every 100 ms.
    let [tokens, at] = [3, performance.now()]
    const server = await new LineServer((line, _self, socket) => {
      const now = performance.now()
      tokens = Math.min(3, tokens + (now - at) / 100)
      at = now
      if (tokens < 1) socket.write(`${busy}100\n`)
      else {
        tokens -= 1
        socket.write(`${line}\n`)
      }
    }).start()
    const checks = Array.from({ length: 12 }, (_, index) =>
      fake(`limited-rate-${index}`, async ({ ask }) => {
        for (let line = 0; line <= index % 4; line += 1) await ask(`line ${line}`)
      }),
    )
    const report = await runFakes({ port: server.port, checks })
    await server.stop()
    expect(report.summary).to.include({ total: 12, pass: 12, flaky: 0 })
    expect(report.run.findings).to.have.members([fewer, paced])
    expect(report.run.exitCode).to.equal(0)
  })

  const alone = { exclusive: 'time', expectedDurationMs: 5 } as const
  const refusing = ({ tell }: FakeKit): never => {
    tell('status-429', 20)
    throw new Inconclusive('target-refused', 'the target answered 429')
  }

  it('is waited for where it refuses one that is alone', async () => {
    const at: number[] = []
    const server = await new LineServer().start()
    const check = fake(
      'waited-for',
      async (kit) => {
        if (at.push(performance.now()) < 3) refusing(kit)
        await kit.ask('hello')
      },
      alone,
    )
    const report = await runFakes({ port: server.port, checks: [check] })
    await server.stop()
    expect(report.results[0]).to.deep.include({
      verdict: 'pass',
      attempts: { total: 1, failed: 0 },
      reason: null,
    })
    expect(at).to.have.length(3)
    for (const [index, before] of at.slice(0, 2).entries())
      expect(Number(at[index + 1]) - before).to.be.at.least(20)
    expect(report.run.findings).to.deep.equal([paced])
  })

  it('is waited for as it asks also where others were beside', async () => {
    const at: number[] = []
    const checks = [
      fake('refused-beside', ({ tell }) =>
        at.push(performance.now()) < 2 ? tell('status-503', 60) : undefined,
      ),
      fake('beside-it', ({ wait }) => wait(5)),
    ]
    const report = await runFakes({ checks })
    expect(report.run.findings).to.deep.equal([fewer])
    expect(at).to.have.length(2)
    expect(Number(at[1]) - Number(at[0])).to.be.at.least(60)
  })

  it('is waited for also where a 429 is all that a check was to see', async () => {
    let runs = 0
    const check = fake('seems-held', ({ tell }) => (++runs < 3 ? tell('status-429', 1) : undefined), alone)
    await runFakes({ checks: [check] })
    expect(runs).to.equal(3)
  })

  it('is not waited for where a 503 is the answer that a check is about', async () => {
    let runs = 0
    const check = fake(
      'answered',
      ({ tell }) => {
        runs += 1
        tell('status-503', 1)
      },
      alone,
    )
    const report = await runFakes({ checks: [check] })
    expect([runs, report.results[0]?.verdict, report.run.findings]).to.deep.equal([1, 'pass', []])
  })

  it('gets four at a time at most, and they have the time to wait for their turns', async () => {
    let active = 0
    let most = 0
    const turns: number[] = []
    const first = fake('paces', (kit) => (turns.push(0) < 2 ? refusing(kit) : undefined))
    const rest = Array.from({ length: 8 }, (_, index) =>
      fake(
        `paced-${index}`,
        async ({ wait }) => {
          active += 1
          most = Math.max(most, active)
          await wait(100)
          active -= 1
        },
        { after: ['ws/fake/paces'], budget: 50 },
      ),
    )
    const report = await runFakes({ checks: [first, ...rest] })
    expect(most).to.equal(4)
    expect(report.summary).to.include({ total: 9, pass: 9, flaky: 0 })
  })

  it('is given up where no pause helps, and the run is no success', async () => {
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
    const report = await runFakes({ checks: [...checks, passes] })
    // Six pauses for each of the first three; and each is repeated once, as everything is that was not judged.
    expect(runs).to.deep.equal([8, 8, 8, 2, 2])
    expect(report.results.slice(0, 5).map(({ reason }) => reason)).to.deep.equal(
      runs.map(() => 'target-refused: the target answered 429'),
    )
    expect(report.run.findings).to.deep.equal([fruitless])
    expect(report.run.exitCode).to.equal(2)
  })
})
