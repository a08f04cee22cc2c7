import { expect } from 'chai'

import { jitter, latency, slowClose } from '#proxies/faults'
import type { LinkTrace } from '#proxies/types'
import { fin, struck } from './seen.ts'

describe('faults that are late, from what was seen', () => {
  it('latency: one answer that came too soon disproves it', () => {
    const fault = latency({ ms: 50, direction: 'server-to-client' })
    expect(
      struck(fault, {
        openedAtMs: 51,
        roundTrips: [
          [60, 115],
          [120, 171],
        ],
      }),
    ).to.equal(true)
    expect(
      struck(fault, {
        openedAtMs: 51,
        roundTrips: [
          [60, 115],
          [120, 160],
        ],
      }),
    ).to.equal(false)
  })
  it('latency: a target that is slower than the latency by itself still shows it', () => {
    const fault = latency({ ms: 50, direction: 'server-to-client' })
    expect(struck(fault, { openedAtMs: 551, roundTrips: [] }, { openedAtMs: 500, roundTrips: [] })).to.equal(
      true,
    )
    expect(struck(fault, { openedAtMs: 500, roundTrips: [] }, { openedAtMs: 501, roundTrips: [] })).to.equal(
      false,
    )
  })
  it('latency: not where the target is a little slower one time than the other', () => {
    const fault = latency({ ms: 50, direction: 'server-to-client' })
    expect(struck(fault, { openedAtMs: 60, roundTrips: [] }, { openedAtMs: 45, roundTrips: [] })).to.equal(
      false,
    )
    expect(struck(fault, { openedAtMs: 520, roundTrips: [] }, { openedAtMs: 500, roundTrips: [] })).to.equal(
      false,
    )
  })
  it('latency: without an answer there is nothing to tell by', () => {
    expect(
      struck(latency({ ms: 50, direction: 'client-to-server' }), { openedAtMs: null, roundTrips: [] }),
    ).to.equal(false)
  })
  const took = (...times: readonly number[]): Partial<LinkTrace> => ({
    openedAtMs: times[0] ?? null,
    roundTrips: times.map((ms, index) => [index * 1000, index * 1000 + ms] as const),
  })
  it('jitter: the answers differ, and by more than without it', () => {
    const fault = jitter({ ms: 100, jitter: 40, direction: 'server-to-client' })
    expect(struck(fault, took(65, 130, 90), took(3, 9, 4))).to.equal(true)
    expect(struck(fault, took(100, 101, 102), took(3, 9, 4)), 'latency that does not vary').to.equal(false)
    expect(struck(fault, took(65, 130, 90), took(3, 70, 4)), 'as different without it').to.equal(false)
    expect(struck(fault, took(58, 130, 90), took(3, 9, 4)), 'one too early').to.equal(false)
    expect(struck(fault, took(3, 80, 4), took(3, 9, 4)), 'a slow machine').to.equal(false)
    expect(struck(fault, took(65), took(3)), 'one answer').to.equal(false)
    expect(struck(fault, took(), took(3, 4)), 'no answer').to.equal(false)
  })
  it('jitter: an opening of several questions in one is no variation', () => {
    const fault = jitter({ ms: 100, jitter: 40, direction: 'server-to-client' })
    expect(struck(fault, { ...took(100, 101), openedAtMs: 202 }, took(3, 4))).to.equal(false)
  })
  it('slow close: counts from the last byte', () => {
    const fault = slowClose({ ms: 40, direction: 'server-to-client' })
    const usual = { ending: { ...fin, ms: 3 } }
    expect(struck(fault, { ending: fin }, usual)).to.equal(true)
    expect(struck(fault, { ending: fin, arrivals: [{ ms: 20, bytes: 100 }] }, usual)).to.equal(false)
    expect(struck(fault, { ending: fin }, { ending: null })).to.equal(false)
    // The target waits by itself, a little longer this time.
    expect(struck(fault, { ending: fin }, { ending: { ...fin, ms: 40 } })).to.equal(false)
  })
  it('is refused at once with settings that no toxic can take', () => {
    expect(() => latency({ ms: -1, direction: 'client-to-server' })).to.throw(RangeError)
    for (const by of [0, 50, 60, -1])
      expect(() => jitter({ ms: 50, jitter: by, direction: 'client-to-server' })).to.throw(
        RangeError,
        'between 0 and ms',
      )
  })
})
