import { expect } from 'chai'
import { Violation } from '#model/errors'
import type { PlacedCheck } from '#model/catalogue'
import type { Result } from '#model/result'
import { expectationResults } from '#run/result/expectations'
import { fake, runFakes } from '../fakes.ts'

const violated = (): never => {
  throw new Violation('one thing', 'another')
}
const held = (): void => undefined

describe('the documented expectations of a run', () => {
  it('are answered from the checks that name them', async () => {
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

  it('name the selection, not the target, as the reason for checks that were not selected', async () => {
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

  it('say that a run ended before their checks, not that something is missing', async () => {
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

  it('are answered by every target of the protocol, not by the last one alone', () => {
    const id = 'ws/fake/on-two-targets'
    const statement = {
      id: 'EXP-A',
      topic: 'performance',
      protocol: 'websocket',
      statement: 'that it holds',
      needs: 'nothing',
    } as const
    const result = (target: number, verdict: Result['verdict']): Result =>
      ({ id, target, verdict, measured: {} }) as Partial<Result> as Result
    const [answer] = expectationResults(
      [statement],
      [{ id, expectations: ['EXP-A'] } as unknown as PlacedCheck],
      [result(0, 'fail'), result(1, 'pass')],
      { selected: new Set([id]), planned: new Set([id]) },
    )
    expect([answer?.status, answer?.summary]).to.deep.equal(['partly', '1 of its 2 checks passed'])
  })
})
