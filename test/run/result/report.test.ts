import { expect } from 'chai'
import { Violation } from '#model/errors'
import { reportSchema } from '#model/result'
import type { Report } from '#model/result'
import { redactorFor } from '#protocols/index'
import { fake, runFakes, verdicts } from '../fakes.ts'

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

  it('answers the documented expectations from the checks that name them', async () => {
    const measuring = (id: string, run: () => void, expectations: string[]) =>
      fake(
        id,
        (kit) => {
          kit.measure('ms', 5)
          run()
        },
        { expectations },
      )
    const statement = (id: string) =>
      ({
        id,
        topic: 'performance',
        protocol: 'websocket',
        statement: `that ${id}`,
        needs: 'something else',
      }) as const
    const report = await runFakes({
      checks: [
        measuring('exp-held', held, ['EXP-A', 'EXP-C', 'EXP-F', 'EXP-G', 'EXP-H']),
        measuring('exp-failed', violated, ['EXP-B', 'EXP-C']),
        fake('exp-needs', held, { needs: ['ws.echo'], expectations: ['EXP-D'] }),
      ],
      expectations: [
        {
          ...statement('EXP-A'),
          summary: (figure) =>
            `it took ${figure('ws/fake/exp-held', 'ms')} ms, not ${figure('ws/fake/exp-held', 's')}`,
        },
        { ...statement('EXP-B'), summary: () => null },
        statement('EXP-C'),
        { ...statement('EXP-D'), summary: () => 'never asked' },
        statement('EXP-E'),
        { ...statement('EXP-F'), beyond: 'a browser' },
        { ...statement('EXP-H'), holds: () => null },
        { ...statement('EXP-G'), holds: (figure) => (figure('ws/fake/exp-held', 'ms') ?? 0) > 5 },
      ],
    })
    expect(
      report.expectations.map(({ id, status, needs, summary }) => [id, status, needs, summary]),
    ).to.deep.equal([
      ['EXP-A', 'confirmed', null, 'it took 5 ms, not null'],
      ['EXP-B', 'refuted', null, 'its check failed'],
      ['EXP-C', 'partly', null, '1 of its 2 checks passed'],
      ['EXP-D', 'not-measured', 'something else', 'not measured by this run'],
      ['EXP-E', 'not-measured', 'something else', 'not measured by this run'],
      ['EXP-F', 'partly', 'a browser', 'its check passed'],
      ['EXP-H', 'partly', 'something else', 'its check passed'],
      ['EXP-G', 'refuted', null, 'its check passed'],
    ])
    expect(report.expectations[2]?.checks).to.deep.equal(['ws/fake/exp-held', 'ws/fake/exp-failed'])
  })

  it('names the selection, not the target, as the reason for checks that were not selected', async () => {
    const about = (name: string) => ({
      id: `EXP-${name}`,
      topic: 'performance' as const,
      protocol: 'websocket' as const,
      statement: `that ${name}`,
      needs: 'a websocket target',
    })
    const checks = [
      fake('in-held', held, { expectations: ['EXP-B', 'EXP-F'] }),
      fake('in-other', held, { expectations: ['EXP-G'] }),
      fake('in-failed', violated, { expectations: ['EXP-E'] }),
      fake('in-needs', held, { needs: ['ws.echo'], expectations: ['EXP-C', 'EXP-D'] }),
      fake('in-blocked', held, { after: ['ws/fake/in-failed'], expectations: ['EXP-H'] }),
      fake('out-one', held, { expectations: ['EXP-A', 'EXP-B', 'EXP-C', 'EXP-E', 'EXP-G'] }),
      fake('out-two', held, { expectations: ['EXP-A', 'EXP-G'] }),
    ]
    const report = await runFakes({
      checks,
      selection: { only: ['ws/fake/in-*'] },
      expectations: [
        ...['A', 'B', 'C', 'D', 'E', 'F'].map(about),
        { ...about('G'), beyond: 'a browser', holds: () => null },
        about('H'),
      ],
    })
    const found = report.expectations.map(({ id, status, needs, summary }) => [
      id.slice(4),
      status,
      needs,
      summary,
    ])
    expect(found).to.deep.equal([
      ['A', 'not-measured', null, 'not selected in this run'],
      ['B', 'partly', 'a check that was not selected', 'its check passed'],
      [
        'C',
        'not-measured',
        'a websocket target; or a check that was not selected',
        'not measured by this run',
      ],
      ['D', 'not-measured', 'a websocket target', 'not measured by this run'],
      ['E', 'refuted', null, 'its check failed'],
      ['F', 'confirmed', null, 'its check passed'],
      ['G', 'partly', 'a browser; and 2 checks that were not selected', 'its check passed'],
      ['H', 'not-measured', null, 'not measured by this run: none of its checks could be judged'],
    ])
  })

  it('says that a run ended before its checks, not that something is missing', async () => {
    const report = await runFakes({
      checks: [
        fake('early-held', held),
        fake('early-late', ({ wait }) => wait(60_000), { expectations: ['EXP-A'] }),
      ],
      settings: { maxTimeMs: 400 },
      expectations: [
        {
          id: 'EXP-A',
          topic: 'performance',
          protocol: 'websocket',
          statement: 'A',
          needs: 'a websocket target',
        },
      ],
    })
    expect(report.expectations[0]).to.include({
      status: 'not-measured',
      needs: null,
      summary: 'not measured by this run, which ended before its checks',
    })
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
    const report = await runFakes({ checks, settings: { maxTimeMs: 400 } })
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
