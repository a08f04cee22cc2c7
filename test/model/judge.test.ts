import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import { failingVerdict, judge } from '#model/judge'
import type { Outcome } from '#model/judge'
import type { Level, Verdict } from '#model/model'

const levels: readonly Level[] = ['MUST', 'SHOULD', 'MAY', 'INFO']
const violated: Outcome = { kind: 'violated', violation: new Violation('a Pong', 'nothing within 2000 ms') }

describe('judge', () => {
  it('gives a broken requirement the failing verdict of its level', () => {
    expect(levels.map((level) => judge(level, violated))).to.deep.equal(['fail', 'warn', 'notice', 'notice'])
    expect(levels.map(failingVerdict)).to.deep.equal(['fail', 'warn', 'notice', 'notice'])
  })

  const sameForEveryLevel: readonly (readonly [Outcome, Verdict])[] = [
    [{ kind: 'held' }, 'pass'],
    [{ kind: 'not-applicable', reason: 'ws.echo: does not echo', enable: '--option' }, 'not-applicable'],
    [{ kind: 'blocked', by: 'ws/handshake/status-101' }, 'blocked'],
    [{ kind: 'inconclusive', cause: new Inconclusive('witness-lost', 'the witness ended') }, 'inconclusive'],
    [{ kind: 'crashed', error: new TypeError('x is undefined') }, 'harness-error'],
  ]
  for (const [outcome, verdict] of sameForEveryLevel) {
    it(`calls what was ${outcome.kind} ${verdict}, whatever the level`, () => {
      expect(levels.map((level) => judge(level, outcome))).to.deep.equal(levels.map(() => verdict))
    })
  }
})

describe('Violation', () => {
  it('says expected and actual in its one line', () => {
    expect(violated.violation.message).to.equal('expected a Pong; actual: nothing within 2000 ms')
  })
})
