import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import type { Outcome } from '#model/judge'
import { isFlaky } from '#model/result'
import type { Attempt } from '#run/schedule/attempt'
import { decide, needsRepetition, RepetitionBudget } from '#run/schedule/repetition'
import { attempt, dropped } from './attempts.ts'

const outcomes: Readonly<Record<string, Outcome>> = {
  held: { kind: 'held' },
  failed: { kind: 'violated', violation: new Violation('one', 'other') },
  unsure: { kind: 'inconclusive', cause: new Inconclusive('no-event', 'none') },
  crashed: { kind: 'crashed', error: new Error('ours') },
}

/** `failed-dropped`: the check failed, and the target had dropped a connection at once. */
function attemptsOf(words: string): Attempt[] {
  return words.split(' ').map((word) =>
    attempt({
      outcome: outcomes[word.replace('-dropped', '')] ?? { kind: 'held' },
      connections: word.endsWith('-dropped') ? [dropped] : [],
    }),
  )
}

function decided(words: string): string {
  const decision = decide(attemptsOf(words))
  if (decision === null) return 'nothing'
  const { kind } = decision.attempt.outcome
  const { failed, total } = decision.attempts
  return `${kind}${isFlaky({ attempts: decision.attempts }) ? ` flaky ${failed}/${total}` : ''}`
}

describe('what several attempts at a check amount to', () => {
  for (const [words, isRepeated, decision] of [
    ['held', false, 'held'],
    ['failed', true, 'violated'],
    ['failed failed', false, 'violated'],
    ['failed held', true, 'held flaky 1/2'],
    ['failed held held', false, 'held flaky 1/3'],
    ['failed held failed', false, 'violated flaky 2/3'],
    ['failed unsure', true, 'violated'],
    ['failed unsure failed', false, 'violated'],
    ['failed unsure held', false, 'held flaky 1/2'],
    ['failed unsure unsure', false, 'inconclusive'],
    ['unsure', true, 'inconclusive'],
    ['unsure held', false, 'held'],
    ['unsure failed', false, 'violated'],
    ['unsure unsure', false, 'inconclusive'],
    ['crashed', false, 'crashed'],
    ['failed crashed', false, 'crashed'],
    // The first connection was one too many; the target is not flaky.
    ['failed-dropped held', false, 'held'],
    ['failed-dropped failed', false, 'violated'],
  ] as const) {
    it(`${words}: ${decision}${isRepeated ? ', and is repeated' : ''}`, () => {
      expect(needsRepetition(attemptsOf(words))).to.equal(isRepeated)
      expect(decided(words)).to.equal(decision)
    })
  }

  it('no attempt: no judgement, and no repetition', () => {
    expect([decide([]), needsRepetition([])]).to.deep.equal([null, false])
  })
})

describe('the time for repetitions', () => {
  it('is 30 s by default, and is spent when it has been used', () => {
    const budget = new RepetitionBudget()
    budget.spend(29_999)
    expect(budget.isSpent).to.equal(false)
    budget.spend(1)
    expect(budget.isSpent).to.equal(true)
  })
})
