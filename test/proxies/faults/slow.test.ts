import { expect } from 'chai'

import { throttle } from '#proxies/faults'
import { isProven } from './proof-of.ts'

describe('proofs of faults that slow a connection, from traces', () => {
  it('throttle: not proven by a target that is as slow without the fault', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'server-to-client' })
    const slow = {
      serverToClientBytes: 500,
      arrivals: [{ ms: 510, bytes: 500 }],
      roundTrips: [[1, 511]] as const,
      openedAtServerToClientBytes: 500,
      openedAtMs: 510,
    }
    expect(
      isProven(fault, slow, { ...slow, arrivals: [{ ms: 20, bytes: 500 }], roundTrips: [[1, 21]] }),
    ).to.equal(true)
    expect(isProven(fault, slow, slow)).to.equal(false)
    const similar = { ...slow, arrivals: [{ ms: 470, bytes: 500 }], roundTrips: [[1, 471]] as const }
    expect(
      isProven(fault, slow, { ...similar, openedAtMs: 470 }),
      'slightly quicker in the control',
    ).to.equal(false)
  })
  it('throttle: not proven if earlier bytes arrive too soon, however late the last ones are', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'server-to-client' })
    const faulted = {
      serverToClientBytes: 300,
      arrivals: [
        { ms: 101, bytes: 100 },
        { ms: 120, bytes: 100 },
        { ms: 900, bytes: 100 },
      ],
      roundTrips: [[500, 900]] as const,
      openedAtServerToClientBytes: 100,
      openedAtMs: 101,
    }
    const control = { roundTrips: [[1, 2]] as const }
    expect(isProven(fault, faulted, control)).to.equal(false)
    const slow = faulted.arrivals.map((arrival, index) => (index === 1 ? { ...arrival, ms: 220 } : arrival))
    expect(isProven(fault, { ...faulted, arrivals: slow }, control)).to.equal(true)
  })
  it('throttle: proven by one exchange that is quick without the fault, however slow the others are', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'server-to-client' })
    const faulted = {
      serverToClientBytes: 200,
      arrivals: [
        { ms: 101, bytes: 100 },
        { ms: 210, bytes: 100 },
      ],
      roundTrips: [[105, 210]] as const,
      openedAtServerToClientBytes: 100,
      openedAtMs: 101,
    }
    const control = {
      serverToClientBytes: 200,
      arrivals: [
        { ms: 300, bytes: 100 },
        { ms: 350, bytes: 100 },
      ],
      roundTrips: [[340, 350]] as const,
      openedAtMs: 300,
    }
    expect(isProven(fault, faulted, control)).to.equal(true)
  })
  it('throttle: not proven if the opening is too quick, however long the rest takes', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'server-to-client' })
    const faulted = {
      serverToClientBytes: 200,
      arrivals: [{ ms: 900, bytes: 200 }],
      openedAtServerToClientBytes: 100,
      openedAtMs: 50,
    }
    expect(isProven(fault, faulted)).to.equal(false)
  })
  it('throttle: not proven if bytes arrive quicker than the rate', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'server-to-client' })
    expect(
      isProven(
        fault,
        { serverToClientBytes: 500, arrivals: [{ ms: 300, bytes: 500 }] },
        { serverToClientBytes: 500 },
      ),
    ).to.equal(false)
  })
  it('throttle client-to-server: counts only bytes sent before the answered request', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'client-to-server' })
    const faulted = {
      departures: [
        { ms: 1, bytes: 100 },
        { ms: 150, bytes: 5000 },
      ],
      roundTrips: [[1, 101]] as const,
      openedAtMs: 101,
    }
    expect(isProven(fault, faulted)).to.equal(true)
  })
  it('rejects settings that no toxic can take with a RangeError', () => {
    expect(() => throttle({ bytesPerSecond: 1500, direction: 'client-to-server' })).to.throw(
      RangeError,
      'fault throttle: rate must be a whole number, not 1.5',
    )
  })
})
