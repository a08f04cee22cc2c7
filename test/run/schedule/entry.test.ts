import { expect } from 'chai'
import { Entry } from '#run/schedule/entry'
import { fake } from '../fakes.ts'
import type { FakeKit } from '../fakes.ts'
import { attempt } from './attempts.ts'

const check = fake('entry', () => undefined)

const entryOf = (exclusive = false): Entry<FakeKit> =>
  new Entry({ check, target: 0, notApplicable: null, alone: exclusive })

describe('an entry of the schedule', () => {
  it('is final without a judgement if there was no attempt', async () => {
    const entry = entryOf()
    entry.settle()
    expect(await entry.settled).to.equal(null)
    expect([entry.isFinal, entry.judged]).to.deep.equal([true, null])
  })

  it('keeps its first judgement', async () => {
    const entry = entryOf()
    entry.settleWith({ kind: 'blocked', by: 'ws/fake/other' })
    entry.attempts.push(attempt({}))
    entry.settle()
    expect((await entry.settled)?.outcome).to.deep.equal({ kind: 'blocked', by: 'ws/fake/other' })
  })

  it('is an error in Streamproof if the check throws after it was judged', () => {
    const entry = entryOf()
    entry.attempts.push(attempt({}))
    entry.settle()
    const error = new Error('late')
    entry.addLateError(error)
    expect(entry.judged?.outcome).to.deep.equal({ kind: 'crashed', error })
  })

  it('is a suspect while it has a lost attempt, and starts again from nothing', () => {
    const entry = entryOf()
    const lost = attempt({})
    entry.attempts.push(lost)
    entry.complete = true
    entry.discardAttempts(lost)
    expect([entry.lostAttempt, entry.attempts, entry.complete]).to.deep.equal([lost, [], false])
  })

  it('runs alone after so many refusals', () => {
    const entry = entryOf()
    const alone = [1, 2, 3].map(() => {
      entry.refused(3)
      return entry.runsAlone
    })
    expect(alone).to.deep.equal([false, false, true])
    expect(entryOf(true).runsAlone).to.equal(true)
  })
})
