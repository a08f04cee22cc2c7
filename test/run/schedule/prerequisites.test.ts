import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import type { Outcome } from '#model/judge'
import { Entry } from '#run/schedule/entry'
import { Prerequisites } from '#run/schedule/prerequisites'
import { fake } from '../fakes.ts'
import { attempt } from './attempts.ts'

const outcomes = {
  held: { kind: 'held' },
  failed: { kind: 'violated', violation: new Violation('one', 'other') },
  unsure: { kind: 'inconclusive', cause: new Inconclusive('no-event', 'none') },
  crashed: { kind: 'crashed', error: new Error('ours') },
  blocked: { kind: 'blocked', by: 'ws/fake/other' },
  'not-applicable': { kind: 'not-applicable', reason: 'needs ws.echo', enable: 'an echo' },
} as const satisfies Record<string, Outcome>

const first = fake('prerequisite', () => undefined)
const second = fake('dependent', () => undefined, { after: ['ws/fake/prerequisite'] })

describe('a check with a prerequisite', () => {
  for (const [state, outcome, mayStart, isBlocked] of [
    ['not run', 'held', false, false],
    ['observed', 'held', true, false],
    ['observed', 'failed', false, false],
    ['observed', 'unsure', false, false],
    ['final', 'held', true, false],
    ['final', 'failed', false, true],
    ['final', 'crashed', false, true],
    ['final', 'blocked', false, true],
    ['final', 'unsure', true, false],
    ['final', 'not-applicable', true, false],
  ] as const) {
    const title = state === 'not run' ? state : `${state} as ${outcome}`
    it(`that is ${title} ${isBlocked ? 'is blocked' : mayStart ? 'may start' : 'has to wait'}`, () => {
      const prerequisite = new Entry({ check: first, target: 0, notApplicable: null })
      const dependent = new Entry({ check: second, target: 0, notApplicable: null })
      const prerequisites = new Prerequisites([prerequisite, dependent])
      if (state === 'observed') prerequisite.attempts.push(attempt({ outcome: outcomes[outcome] }))
      if (state === 'final') prerequisite.settleWith(outcomes[outcome])
      expect(prerequisites.allowStart(dependent)).to.equal(mayStart)
      expect(prerequisites.blocking(dependent)).to.equal(isBlocked ? prerequisite : null)
    })
  }

  it('depends on it for the same target alone', () => {
    const [here, there] = [0, 1].map((target) => new Entry({ check: first, target, notApplicable: null }))
    const dependent = new Entry({ check: second, target: 1, notApplicable: null })
    const prerequisites = new Prerequisites([here, there, dependent].filter((entry) => entry !== undefined))
    here?.settleWith(outcomes.failed)
    there?.settleWith(outcomes.held)
    expect([prerequisites.allowStart(dependent), prerequisites.blocking(dependent)]).to.deep.equal([
      true,
      null,
    ])
  })

  it('that was not selected may start', () => {
    const dependent = new Entry({ check: second, target: 0, notApplicable: null })
    const prerequisites = new Prerequisites([dependent])
    expect([prerequisites.allowStart(dependent), prerequisites.blocking(dependent)]).to.deep.equal([
      true,
      null,
    ])
  })
})
