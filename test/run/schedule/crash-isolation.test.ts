import { expect } from 'chai'
import { Violation } from '#model/errors'
import { fake, LineServer, runFakes } from '../fakes.ts'

const violated = (): never => {
  throw new Violation('one thing', 'another')
}

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
      if (line === 'once' && deaths++ === 0) setTimeout(() => self.die(500), 5)
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

describe('a target that dies while others are under way', () => {
  it('cuts them; what was cut says nothing, and is observed again', async () => {
    let deaths = 0
    const server = await new LineServer((line, self, socket) => {
      socket.write(`${line}\n`)
      if (deaths++ === 0) setTimeout(() => self.die(50), 5)
    }).start()
    let idle = 0
    const report = await runFakes({
      port: server.port,
      checks: [
        fake('cut-kills', async ({ ask, wait }) => {
          await ask('hello')
          await wait(30)
        }),
        // It has no connection, so that it is no suspect; the first time it would never end by itself.
        fake('cut-idle', async ({ wait }) => (idle++ === 0 ? wait(60_000) : undefined)),
      ],
    })
    await server.stop()
    expect(idle).to.equal(2)
    expect(report.results[1]).to.deep.include({ verdict: 'pass', attempts: { total: 1, failed: 0 } })
  })
})

describe('a target that dies again and again, each time of another', () => {
  it('is given up in the end: what is left is not even tried', async () => {
    const died = new Set<string>()
    const server = await new LineServer((line, self, socket) => {
      socket.write(`${line}\n`)
      // Once of each, so that none can be charged.
      if (line.startsWith('kills') && !died.has(line)) self.die(60)
      died.add(line)
    }).start()
    const alone = { exclusive: 'time', expectedDurationMs: 5 } as const
    const pairs = Array.from({ length: 12 }, (_, index) => [
      fake(`mortal-${index}`, async ({ ask }) => void (await ask(`kills ${index}`)), alone),
      fake(`notices-${index}`, async ({ ask }) => void (await ask(`notices ${index}`)), alone),
    ])
    const report = await runFakes({ port: server.port, checks: pairs.flat() })
    await server.stop()
    expect(report.run.findings).to.include('the target died too often')
    const untried = report.results.slice(-2)
    expect(untried.map(({ verdict, reason }) => [verdict, reason])).to.deep.equal(
      untried.map(() => ['inconclusive', 'target-died: the target died too often']),
    )
    expect(died).to.include('kills 10').and.not.include('kills 11')
  })
})

describe('a target that takes no more connections for a while', () => {
  it('because too many came did not die: nobody is charged, and no verdict is lost', async () => {
    // Twenty at once, and then one every 10 ms.
    let [tokens, at] = [20, performance.now()]
    const server = await new LineServer().start()
    server.taken = () => {
      const now = performance.now()
      tokens = Math.min(20, tokens + (now - at) / 10) - 1
      at = now
      if (tokens < 1) server.rest(300)
    }
    const checks = Array.from({ length: 12 }, (_, index) =>
      fake(`too-many-${index}`, async ({ ask }) => {
        for (const line of ['one', 'two', 'three', 'four']) await ask(line)
      }),
    )
    const report = await runFakes({ port: server.port, checks })
    await server.stop()
    expect(report.summary).to.include({ total: 12, pass: 12, flaky: 0 })
    expect(report.run.findings.join('; ')).to.include('too fast').and.not.include('died')
  })
})
