import { expect } from 'chai'

import { jitter, latency, slowClose } from '#proxies/faults'
import type { ConnectionTrace } from '#proxies/types'
import { fin, isProven } from './proof-of.ts'

describe('proofs of faults that delay, from traces', () => {
  it('latency: not proven if one answer arrives too soon', () => {
    const fault = latency({ ms: 50, direction: 'server-to-client' })
    expect(
      isProven(fault, {
        openedAtMs: 51,
        roundTrips: [
          [60, 115],
          [120, 171],
        ],
      }),
    ).to.equal(true)
    expect(
      isProven(fault, {
        openedAtMs: 51,
        roundTrips: [
          [60, 115],
          [120, 160],
        ],
      }),
    ).to.equal(false)
  })
  it('latency: proven on a target that is slower by itself than the latency', () => {
    const fault = latency({ ms: 50, direction: 'server-to-client' })
    expect(
      isProven(fault, { openedAtMs: 551, roundTrips: [] }, { openedAtMs: 500, roundTrips: [] }),
    ).to.equal(true)
    expect(
      isProven(fault, { openedAtMs: 500, roundTrips: [] }, { openedAtMs: 501, roundTrips: [] }),
    ).to.equal(false)
  })
  it('latency: not proven if the target is slightly slower than in the control', () => {
    const fault = latency({ ms: 50, direction: 'server-to-client' })
    expect(isProven(fault, { openedAtMs: 60, roundTrips: [] }, { openedAtMs: 45, roundTrips: [] })).to.equal(
      false,
    )
    expect(
      isProven(fault, { openedAtMs: 520, roundTrips: [] }, { openedAtMs: 500, roundTrips: [] }),
    ).to.equal(false)
  })
  it('latency: not proven without an answer', () => {
    expect(
      isProven(latency({ ms: 50, direction: 'client-to-server' }), { openedAtMs: null, roundTrips: [] }),
    ).to.equal(false)
  })
  const took = (...times: readonly number[]): Partial<ConnectionTrace> => ({
    openedAtMs: times[0] ?? null,
    roundTrips: times.map((ms, index) => [index * 1000, index * 1000 + ms] as const),
  })
  it('jitter: proven if the delays vary more than without the fault', () => {
    const fault = jitter({ ms: 100, jitter: 40, direction: 'server-to-client' })
    expect(isProven(fault, took(65, 130, 90), took(3, 9, 4))).to.equal(true)
    expect(isProven(fault, took(100, 101, 102), took(3, 9, 4)), 'latency that does not vary').to.equal(false)
    expect(isProven(fault, took(65, 130, 90), took(3, 70, 4)), 'as varied without the fault').to.equal(false)
    expect(isProven(fault, took(58, 130, 90), took(3, 9, 4)), 'one answer too early').to.equal(false)
    expect(isProven(fault, took(3, 80, 4), took(3, 9, 4)), 'a slow machine').to.equal(false)
    const stalled = took(3, 4, 204, 3, 104, 4, 3, 304, 4, 3)
    expect(isProven(fault, took(65, 130, 90), stalled), 'a control with three stalls').to.equal(true)
    const slow = took(3, 4, 204, 3, 104, 4, 3, 304, 404, 3)
    expect(isProven(fault, took(65, 130, 90), slow), 'a control with four slow answers').to.equal(false)
    expect(isProven(fault, took(65), took(3)), 'one answer').to.equal(false)
    expect(isProven(fault, took(), took(3, 4)), 'no answer').to.equal(false)
  })
  it('jitter: an opening of several requests does not count as variation', () => {
    const fault = jitter({ ms: 100, jitter: 40, direction: 'server-to-client' })
    expect(isProven(fault, { ...took(100, 101), openedAtMs: 202 }, took(3, 4))).to.equal(false)
  })
  it('slow-close: counts from the last byte', () => {
    const fault = slowClose({ ms: 40, direction: 'server-to-client' })
    const usual = { ending: { ...fin, ms: 3 } }
    expect(isProven(fault, { ending: fin }, usual)).to.equal(true)
    expect(isProven(fault, { ending: fin, arrivals: [{ ms: 20, bytes: 100 }] }, usual)).to.equal(false)
    expect(isProven(fault, { ending: fin }, { ending: null })).to.equal(false)
    // The target waits by itself, slightly longer this time.
    expect(isProven(fault, { ending: fin }, { ending: { ...fin, ms: 40 } })).to.equal(false)
  })
  it('rejects settings that no toxic can take with a RangeError', () => {
    expect(() => latency({ ms: -1, direction: 'client-to-server' })).to.throw(RangeError)
    for (const variation of [0, 50, 60, -1])
      expect(() => jitter({ ms: 50, jitter: variation, direction: 'client-to-server' })).to.throw(
        RangeError,
        'between 0 and ms',
      )
  })
})
