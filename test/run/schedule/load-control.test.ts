import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import type { Attempt } from '#run/schedule/attempt'
import { LoadControl } from '#run/schedule/load-control'
import type { AttemptContext, AttemptDecision } from '#run/schedule/load-control'
import { attempt, dropped } from './attempts.ts'

const rateLimited = 'target rate-limits connections; slowing down'
const concurrencyLimited = 'target limits concurrent connections; running fewer checks at once'
const refusesAlways = 'target keeps refusing connections after every pause; no longer waiting for it'

const check = {}
const beside: AttemptContext = { check, crashed: false, hadCompanions: true, running: 16, now: 10 }
const alone: AttemptContext = { ...beside, hadCompanions: false, running: 1 }

const passed = attempt({ connections: [{ ...dropped, ending: null, endedAt: null }] })
const unavailable = attempt({ refusals: ['status-503'], retryAfterMs: 60 })
const tooMany = attempt({ refusals: ['status-429'] })
const refused = attempt({
  outcome: { kind: 'inconclusive', cause: new Inconclusive('target-refused', 'refused') },
  refusals: ['econnrefused'],
})
const droppedAtOnce = attempt({
  outcome: { kind: 'violated', violation: new Violation('an answer', 'none') },
  connections: [dropped],
})

/** An attempt, then the decision, how many checks may run at once, the pause in ms, and the findings. */
type Row = readonly [
  attempt: Attempt,
  context: AttemptContext,
  decision: AttemptDecision,
  maxRunning: number,
  pauseMs: number,
  findings: readonly string[],
]

const specification: Readonly<Record<string, readonly Row[]>> = {
  'keeps an attempt without a refusal': [[passed, beside, 'keep', 16, 0, []]],
  'discards one that was connected when the target crashed': [
    [passed, { ...beside, crashed: true }, 'discard', 16, 0, []],
  ],
  'retries one that was interrupted': [[attempt({ interrupted: true }), beside, 'retry', 16, 0, []]],
  'runs half as many at once after a refusal beside others, and pauses as asked': [
    [unavailable, beside, 'retry-refused', 8, 60, [concurrencyLimited]],
    // It began before the limit was lowered.
    [refused, beside, 'retry-refused', 8, 60, [concurrencyLimited]],
  ],
  'runs half as many at once if a connection was dropped at once, and keeps the failure': [
    [droppedAtOnce, beside, 'keep', 8, 0, []],
  ],
  'slows down after a refusal alone, and says so when that has helped': [
    [tooMany, alone, 'retry', 4, 250, []],
    [refused, alone, 'retry', 4, 500, []],
    [passed, alone, 'keep', 4, 500, [rateLimited]],
  ],
  'keeps a refusal after six pauses have not helped': [
    ...[250, 500, 1000, 2000, 4000, 5000].map((ms): Row => [refused, alone, 'retry', 4, ms, []]),
    [refused, alone, 'keep', 16, 5000, []],
  ],
}

describe('the load control', () => {
  for (const [title, rows] of Object.entries(specification)) {
    it(title, () => {
      const findings: string[] = []
      const control = new LoadControl(16, (text) => findings.push(text))
      for (const [index, [ended, context, decision, maxRunning, pauseMs, found]] of rows.entries()) {
        const actual = control.attemptEnded(ended, context)
        const { rateLimiter } = control
        expect(
          [actual, control.maxRunning, rateLimiter.pauseLeftMs(context.now), findings],
          `row ${index}`,
        ).to.deep.equal([decision, maxRunning, pauseMs, found])
      }
    })
  }

  it('says once that the target keeps refusing, when pauses have not helped three checks', () => {
    const findings: string[] = []
    const control = new LoadControl(16, (text) => findings.push(text))
    for (const owner of [{}, {}, {}, {}])
      while (control.attemptEnded(refused, { ...alone, check: owner }) === 'retry') continue
    expect(findings).to.deep.equal([refusesAlways])
  })

  it('slows down for a target that accepts no connection after there were many', () => {
    const findings: string[] = []
    const control = new LoadControl(16, (text) => findings.push(text))
    const answers = [1, 2, 3, 4, 5, 6, 7].map(() => control.slowDown(check, 0))
    expect(answers).to.deep.equal([true, true, true, true, true, true, false])
    expect(findings).to.deep.equal([rateLimited])
  })
})
