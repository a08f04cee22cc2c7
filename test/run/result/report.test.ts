import { expect } from 'chai'
import { Violation } from '#model/errors'
import { reportSchema } from '#model/result'
import type { Report } from '#model/result'
import { redactorFor } from '#protocols/index'
import { fake, runFakes, verdicts } from '../fakes.ts'
import { VirtualClock } from '../virtual-clock.ts'

const violated = (): never => {
  throw new Violation('one thing', 'another')
}
const held = (): void => undefined

describe('the report', () => {
  it('is valid and describes the run', async () => {
    const report = await runFakes({ checks: [fake('report-a', held), fake('report-b', violated)] })
    expect(reportSchema.parse(report)).to.deep.equal(report)
    expect(report.summary).to.include({ total: 2, pass: 1, fail: 1 })
    expect(report.run).to.include({ seed: 7, exitCode: 1, complete: true })
    expect(report.results[1]).to.include({
      reproduce: 'streamproof run --only ws/fake/report-b --seed 7',
      expected: 'one thing',
      actual: 'another',
      target: 0,
    })
  })

  it('is the same in every run, except members that may differ', async () => {
    const checks = [
      ...Array.from({ length: 20 }, (_, index) =>
        fake(`same-${index}`, (kit) => kit.wait(Math.random() * 20)),
      ),
      fake('same-fails', violated),
      fake('same-needs', held, { needs: ['ws.echo'] }),
      fake('same-measures', (kit) => kit.measure('ms', Math.random())),
    ]
    const runs = await Promise.all([runFakes({ checks }), runFakes({ checks, settings: { jobs: 3 } })])
    const [first, second] = runs.map(withoutFigures)
    expect(first).to.deep.equal(second)
  })

  it('contains no secret', async () => {
    const secret = 'hunter2-hunter2'
    const redactor = redactorFor({ headers: [`X-Key: ${secret}`] })
    const report = await runFakes({
      checks: [
        fake('secret-said', () => {
          throw new Violation(`not ${secret}`, Buffer.from(secret).toString('hex'))
        }),
        fake('secret-thrown', () => {
          throw new Error(`with ${secret}`)
        }),
      ],
      settings: { redactor },
      capabilities: { 'ws.echo': { state: 'absent', evidence: secret } },
    })
    expect(JSON.stringify(report)).not.to.include(secret)
    expect(JSON.stringify(report)).not.to.include(Buffer.from(secret).toString('hex'))
  })

  it('has a fail for a capability that the contract declares and discovery did not find', async () => {
    const report = await runFakes({
      checks: [fake('declared', held, { needs: ['ws.echo'] })],
      capabilities: {
        'ws.echo': { state: 'broken', evidence: 'declared by the contract, but not found: none' },
      },
      settings: { expects: ['ws.echo'] },
    })
    expect(verdicts(report)).to.deep.equal({ declared: 'pass', 'ws/contract/ws-echo': 'fail' })
    expect(report.results[1]).to.include({
      expected: 'ws.echo, as the contract declares',
      actual: 'declared by the contract, but not found: none',
    })
    expect(report.run.exitCode).to.equal(1)
  })
})

describe('a run that is stopped', () => {
  it('by a signal reports what was judged and is not complete', async () => {
    const controller = new AbortController()
    const checks = [
      fake('stop-early', held),
      fake('stop-aborts', () => controller.abort('SIGTERM')),
      fake('stop-never-ends', ({ wait }) => wait(60_000)),
      fake('stop-never-begins', held, { exclusive: 'time', expectedDurationMs: 5 }),
    ]
    const report = await runFakes({ checks, settings: { signal: controller.signal } })
    expect(verdicts(report)).to.not.have.any.keys('stop-never-ends', 'stop-never-begins')
    expect(report.run).to.include({ complete: false, exitCode: 143 })
    expect(report.run.findings).to.deep.equal(['the run was stopped before every check was judged'])
  })

  it('before it began judges nothing', async () => {
    const report = await runFakes({
      checks: [fake('stop-before', held)],
      settings: { signal: AbortSignal.abort() },
    })
    expect(report.results).to.deep.equal([])
    expect(report.run).to.include({ complete: false, exitCode: 130 })
    expect(report.run.findings).to.deep.equal(['the run was stopped before every check was judged'])
  })

  it('by its time gives what was judged', async () => {
    const checks = [fake('time-passes', held), fake('time-spent', ({ wait }) => wait(60_000))]
    const clock = new VirtualClock()
    const report = await runFakes({ clock, checks, settings: { maxTimeMs: 400 } })
    expect(clock.now()).to.equal(400)
    expect(verdicts(report)).to.deep.equal({ 'time-passes': 'pass' })
    expect(report.run).to.include({ complete: false, exitCode: 0 })
    expect(report.run.findings).to.deep.equal([
      'the time limit (--max-time) was reached before every check was judged',
    ])
  })
})

/** The parts of a report that are equal in two runs against the same target. */
function withoutFigures({ run: _run, results, expectations, ...rest }: Report): object {
  return {
    ...rest,
    expectations: expectations.map((expectation) => ({ ...expectation, summary: '' })),
    results: results.map((result) => ({ ...result, measured: {}, transcript: [], durationMs: 0 })),
  }
}
