import { expect } from 'chai'
import { Inconclusive, Violation } from '#model/errors'
import type { Outcome } from '#model/judge'
import type { Attempt, ConnectionRecord, Refusal } from '#run/schedule/attempt'
import {
  classifyAttempt,
  droppedAtOnce,
  isDropped,
  isRateLimited,
  isShortLived,
} from '#run/schedule/classify'
import { attempt, dropped } from './attempts.ts'

const held: Outcome = { kind: 'held' }
const violated: Outcome = { kind: 'violated', violation: new Violation('one thing', 'another') }
const targetRefused: Outcome = {
  kind: 'inconclusive',
  cause: new Inconclusive('target-refused', 'the target refused a TCP connection'),
}

const connection: ConnectionRecord = { ...dropped, ending: { by: 'target', how: 'close-frame', code: 1000 } }

describe('what an attempt is worth', () => {
  const refusedBy = (outcome: Outcome, ...refusals: Refusal[]): Attempt => attempt({ outcome, refusals })
  const connected = attempt({ connections: [connection] })
  const situation = { crashed: false, hadCompanions: false, limitLowered: false }
  const beside = { ...situation, hadCompanions: true }
  const alone = situation
  const crashed = { ...beside, crashed: true }
  for (const [title, observed, where, kind] of [
    ['connected when the target crashed', connected, crashed, 'lost-in-crash'],
    ['refused when the target crashed', refusedBy(targetRefused, 'econnrefused'), crashed, 'lost-in-crash'],
    [
      'interrupted in a crash, while connected',
      { ...connected, interrupted: true },
      crashed,
      'lost-in-crash',
    ],
    ['interrupted in a crash, not connected', attempt({ interrupted: true }), crashed, 'interrupted'],
    ['passed without a connection, in a crash', attempt({}), crashed, 'observed'],
    ['429 while others ran', refusedBy(violated, 'status-429'), beside, 'too-many-connections'],
    ['503 while others ran', refusedBy(held, 'status-503'), beside, 'too-many-connections'],
    ['refused while others ran', refusedBy(targetRefused, 'econnrefused'), beside, 'too-many-connections'],
    ['reset while others ran', refusedBy(held, 'econnreset'), beside, 'observed'],
    [
      'reset while others ran, and the limit was lowered',
      refusedBy(held, 'econnreset'),
      { ...beside, limitLowered: true },
      'too-many-connections',
    ],
    [
      'failed after a reset while others ran, and the limit was lowered',
      refusedBy(violated, 'econnreset'),
      { ...beside, limitLowered: true },
      'observed',
    ],
    ['429 while alone', refusedBy(held, 'status-429'), alone, 'rate-limited'],
    ['503 while alone, passed', refusedBy(held, 'status-503'), alone, 'observed'],
    ['503 while alone, refused', refusedBy(targetRefused, 'status-503'), alone, 'rate-limited'],
    ['reset while alone, failed', refusedBy(violated, 'econnreset'), alone, 'observed'],
    ['failed', attempt({ outcome: violated }), beside, 'observed'],
  ] as const) {
    it(`${title}: ${kind}`, () => {
      expect(classifyAttempt(observed, where)).to.equal(kind)
    })
  }
})

describe('a connection', () => {
  for (const [title, record, isDrop, isShort] of [
    ['reset by the target after 5 ms', dropped, true, true],
    [
      'ended by the target with FIN',
      { ...dropped, ending: { by: 'target', how: 'fin', code: null } },
      true,
      true,
    ],
    ['closed by the target with a Close frame', connection, false, true],
    ['ended by the harness', { ...dropped, ending: { by: 'harness', how: 'fin', code: null } }, false, true],
    ['reset through the proxy', { ...dropped, route: 'proxy' }, false, true],
    ['reset after 99 ms', { ...dropped, endedAt: 99 }, true, true],
    ['reset after 100 ms', { ...dropped, endedAt: 100 }, true, false],
    ['that is open', { ...dropped, endedAt: null, ending: null }, false, false],
  ] as const) {
    it(`${title} ${isDrop ? 'was' : 'was not'} dropped, and ${isShort ? 'was' : 'was not'} short-lived`, () => {
      expect([isDropped(record), isShortLived(record)]).to.deep.equal([isDrop, isShort])
    })
  }

  it('that was dropped at once counts only if the check failed', () => {
    const connections = [dropped]
    expect(droppedAtOnce(attempt({ outcome: violated, connections }))).to.equal(true)
    expect(droppedAtOnce(attempt({ outcome: held, connections }))).to.equal(false)
    expect(droppedAtOnce(attempt({ outcome: violated, connections: [connection] }))).to.equal(false)
    expect(droppedAtOnce(undefined)).to.equal(false)
  })
})

describe('a refusal because of the rate of connections', () => {
  for (const [title, observed, isLimited] of [
    ['429 always is one', attempt({ outcome: held, refusals: ['status-429'] }), true],
    ['503 to a valid request is one', attempt({ outcome: targetRefused, refusals: ['status-503'] }), true],
    ['503 to an invalid request is an answer', attempt({ outcome: held, refusals: ['status-503'] }), false],
    ['a failure is none', attempt({ outcome: violated, refusals: ['econnrefused'] }), false],
  ] as const) {
    it(title, () => expect(isRateLimited(observed)).to.equal(isLimited))
  }
})
