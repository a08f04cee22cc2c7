import { expect } from 'chai'
import type { Result } from '#model/result'
import { exitCode } from '#run/result/exit-code'

describe('the exit status', () => {
  const gate = { failOn: 'must', interruptedBy: null, harnessFailed: false } as const
  const result = (
    verdict: Result['verdict'],
    level: Result['level'] = 'MUST',
    more: Partial<Result> = {},
  ): Result => ({ verdict, level, protocol: 'websocket', ...more }) as Result

  const rows: readonly (readonly [string, readonly Result[], Parameters<typeof exitCode>[1], number])[] = [
    ['all passed', [result('pass')], gate, 0],
    ['a MUST failed', [result('pass'), result('fail')], gate, 1],
    ['a SHOULD failed', [result('pass'), result('warn', 'SHOULD')], gate, 0],
    [
      'a SHOULD failed, and the gate is should',
      [result('pass'), result('warn', 'SHOULD')],
      { ...gate, failOn: 'should' },
      1,
    ],
    ['a MUST failed, and the gate is never', [result('fail')], { ...gate, failOn: 'never' }, 0],
    ['no MUST was judged', [result('inconclusive'), result('pass', 'SHOULD')], gate, 2],
    ['nothing was judged', [], gate, 2],
    [
      'a third of the MUSTs was inconclusive',
      [result('pass'), result('pass'), result('inconclusive')],
      gate,
      0,
    ],
    ['more than a third of the MUSTs was inconclusive', [result('pass'), result('inconclusive')], gate, 2],
    [
      'more than a third of one protocol was inconclusive',
      [
        ...Array.from({ length: 9 }, () => result('pass')),
        result('pass', 'MUST', { protocol: 'sse' }),
        result('inconclusive', 'MUST', { protocol: 'sse' }),
      ],
      gate,
      2,
    ],
    [
      'checks that are not applicable or blocked do not count as inconclusive',
      [result('pass'), result('not-applicable'), result('not-applicable'), result('blocked')],
      gate,
      0,
    ],
    ['SHOULDs were inconclusive', [result('pass'), result('inconclusive', 'SHOULD')], gate, 0],
    [
      'only SHOULDs were selected, and most were inconclusive',
      [result('pass', 'SHOULD'), result('inconclusive', 'SHOULD')],
      gate,
      2,
    ],
    ['a fail comes before too many inconclusive results', [result('fail'), result('inconclusive')], gate, 1],
    [
      'too many were inconclusive, and the gate is never',
      [result('pass'), result('inconclusive')],
      { ...gate, failOn: 'never' },
      2,
    ],
    ['only SHOULDs were selected', [result('warn', 'SHOULD')], gate, 0],
    [
      'one protocol was not judged',
      [result('pass'), result('not-applicable', 'MUST', { protocol: 'sse' })],
      gate,
      2,
    ],
    ['a harness error comes before a fail', [result('harness-error'), result('fail')], gate, 4],
    ['a harness error that belongs to no check', [result('pass')], { ...gate, harnessFailed: true }, 4],
    [
      'an interruption comes before everything',
      [result('harness-error')],
      { ...gate, interruptedBy: 'SIGHUP' },
      129,
    ],
  ]
  for (const [situation, results, gate, status] of rows) {
    it(`is ${status}: ${situation}`, () => expect(exitCode(results, gate)).to.equal(status))
  }
})
