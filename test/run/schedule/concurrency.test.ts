import { expect } from 'chai'
import { Violation } from '#model/errors'
import { fake, gate, LineServer, runFakes } from '../fakes.ts'

const violated = (): never => {
  throw new Violation('one thing', 'another')
}

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

describe('what is refused beside others', () => {
  it('is observed alone behind three tries', async () => {
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
    const shy = fake('shy', ({ tell }) => {
      seen.push(active)
      if (active > 0) tell('status-503')
    })
    const report = await runFakes({ checks: [...fillers, shy] })
    expect(seen).to.deep.equal([1, 1, 1, 0])
    expect(report.results.at(-1)).to.deep.include({ verdict: 'pass', attempts: { total: 1, failed: 0 } })
    expect(report.run.findings).to.deep.equal([
      'the target refused connections while several were open: it gets fewer at a time',
    ])
  })

  for (const [what, fewer, outcome, tries] of [
    ['an answer, while the target bears all that are asked for', false, 'held', 1],
    ['one connection too many, once it is known to bear fewer', true, 'held', 2],
    ['an answer, where it made the check fall', true, 'violated', 1],
  ] as const) {
    it(`by hanging up: that is ${what}`, async () => {
      // That it is alive is looked at.
      const server = await new LineServer().start()
      const lowered = gate()
      let runs = 0
      const checks = [
        fake('hung-first', async ({ tell, wait }) => {
          if (!fewer) return lowered.open()
          if (!lowered.isOpen) tell('status-503')
          await wait(1)
        }),
        fake('hung-up', async ({ tell }) => {
          runs += 1
          await lowered.wait
          if (runs === 1) tell('econnreset')
          if (outcome === 'violated') violated()
        }),
        fake('hung-beside', () => lowered.wait),
      ]
      await runFakes({
        port: server.port,
        checks,
        settings: { jobs: 4, repeatFalls: false },
        hooks: { finding: () => lowered.open() },
      })
      await server.stop()
      expect(runs).to.equal(tries)
    })
  }
})
