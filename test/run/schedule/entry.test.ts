import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import type { Outcome } from '#model/judge'
import type { Attempt, Connection } from '#run/schedule/attempt'
import { Entry, wantsRepetition } from '#run/schedule/entry'
import { ConcurrencyLimit } from '#run/schedule/concurrency'
import { isFlaky } from '#model/result'
import { fake } from '../fakes.ts'

const check = fake('entry', () => undefined)

const outcomes: Readonly<Record<string, Outcome>> = {
  held: { kind: 'held' },
  fell: { kind: 'violated', violation: new Violation('one', 'other') },
  unsure: { kind: 'inconclusive', cause: new Inconclusive('no-event', 'none') },
  crashed: { kind: 'crashed', error: new Error('ours') },
}

/** A connection that the target ended at once. */
const dropped: Connection = {
  route: 'direct',
  from: 0,
  to: 5,
  ending: { by: 'target', how: 'rst', code: null },
}

function attempts(story: string): Attempt[] {
  return story.split(' ').map((word) => ({
    outcome: outcomes[word.replace('-shut', '')] ?? { kind: 'held' },
    evidence: { transcript: [], faults: [], measured: {}, close: null },
    durationMs: 1,
    startedAt: 0,
    endedAt: 1,
    connections: word.endsWith('-shut') ? [dropped] : [],
    refusals: [],
    retryAfterMs: null,
    cut: false,
  }))
}

function settled(story: string): string {
  const entry = new Entry({ check, target: 0, notApplicable: null })
  entry.attempts.push(...attempts(story))
  entry.settle()
  if (entry.judged === null) return 'nothing'
  const { failed, total } = entry.judged.attempts
  return `${entry.judged.outcome.kind}${isFlaky(entry.judged) ? ` flaky ${failed}/${total}` : ''}`
}

describe('what several attempts at a check come to', () => {
  const stories: readonly (readonly [story: string, again: boolean, verdict: string])[] = [
    ['held', false, 'held'],
    ['fell', true, 'violated'],
    ['fell fell', false, 'violated'],
    ['fell held', true, 'held flaky 1/2'],
    ['fell held held', false, 'held flaky 1/3'],
    ['fell held fell', false, 'violated flaky 2/3'],
    ['fell unsure', true, 'violated'],
    ['fell unsure fell', false, 'violated'],
    ['fell unsure held', false, 'held flaky 1/2'],
    ['fell unsure unsure', false, 'inconclusive'],
    ['unsure', true, 'inconclusive'],
    ['unsure held', false, 'held'],
    ['unsure fell', false, 'violated'],
    ['unsure unsure', false, 'inconclusive'],
    ['crashed', false, 'crashed'],
    ['fell crashed', false, 'crashed'],
    // It was one connection too many: that is no flake of the target.
    ['fell-shut held', false, 'held'],
    ['fell-shut fell', false, 'violated'],
  ]
  for (const [story, again, verdict] of stories) {
    it(`${story}: ${verdict}${again ? ', and is looked at again' : ''}`, () => {
      expect(wantsRepetition(attempts(story))).to.equal(again)
      expect(settled(story)).to.equal(verdict)
    })
  }

  it('nothing observed: nothing judged', async () => {
    const entry = new Entry({ check, target: 0, notApplicable: null })
    entry.settle()
    expect(await entry.settled).to.equal(null)
  })

  it('an error that comes behind the judgement is charged all the same', () => {
    const entry = new Entry({ check, target: 0, notApplicable: null })
    entry.attempts.push(...attempts('held'))
    entry.settle()
    entry.late(new Error('late'))
    expect(entry.judged?.outcome.kind).to.equal('crashed')
  })
})

describe('the number of checks at once', () => {
  it('halves when the target refuses, once for all that were under way, and grows again', () => {
    const limit = new ConcurrencyLimit(16)
    const began = performance.now()
    expect(limit.refused(began, 16)).to.equal(true)
    expect(limit.value).to.equal(8)
    expect(limit.refused(began, 16)).to.equal(false)
    expect(limit.value).to.equal(8)
    for (let count = 0; count < 24; count++) limit.passed()
    expect(limit.value).to.equal(9)
  })

  it('never falls below one, nor grows beyond what was asked for', () => {
    const limit = new ConcurrencyLimit(2)
    for (let count = 0; count < 5; count++) limit.refused(Number.POSITIVE_INFINITY, 2)
    expect(limit.value).to.equal(1)
    for (let count = 0; count < 50; count++) limit.passed()
    expect(limit.value).to.equal(2)
  })
})
