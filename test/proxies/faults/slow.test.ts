import { expect } from 'chai'

import { throttle } from '#proxies/faults'
import { struck } from './seen.ts'

describe('faults that are slow, from what was seen', () => {
  it('throttle: a target that is as slow by itself proves nothing', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'server-to-client' })
    const slow = {
      serverToClientBytes: 500,
      arrivals: [{ ms: 510, bytes: 500 }],
      roundTrips: [[1, 511]] as const,
      openedAtServerToClientBytes: 500,
      openedAtMs: 510,
    }
    expect(
      struck(fault, slow, { ...slow, arrivals: [{ ms: 20, bytes: 500 }], roundTrips: [[1, 21]] }),
    ).to.equal(true)
    expect(struck(fault, slow, slow)).to.equal(false)
    const alike = { ...slow, arrivals: [{ ms: 470, bytes: 500 }], roundTrips: [[1, 471]] as const }
    expect(struck(fault, slow, { ...alike, openedAtMs: 470 }), 'a little quicker one time').to.equal(false)
  })
  it('throttle: bytes in between that came too soon disprove it, however late the last', () => {
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
    expect(struck(fault, faulted, control)).to.equal(false)
    const slow = faulted.arrivals.map((one, index) => (index === 1 ? { ...one, ms: 220 } : one))
    expect(struck(fault, { ...faulted, arrivals: slow }, control)).to.equal(true)
  })
  it('throttle: one quick exchange without the fault is enough, however slow the others were', () => {
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
    expect(struck(fault, faulted, control)).to.equal(true)
  })
  it('throttle: an opening that was too quick disproves it, however long the rest took', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'server-to-client' })
    const faulted = {
      serverToClientBytes: 200,
      arrivals: [{ ms: 900, bytes: 200 }],
      openedAtServerToClientBytes: 100,
      openedAtMs: 50,
    }
    expect(struck(fault, faulted)).to.equal(false)
  })
  it('throttle: bytes that were quicker than the rate disprove it', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'server-to-client' })
    expect(
      struck(
        fault,
        { serverToClientBytes: 500, arrivals: [{ ms: 300, bytes: 500 }] },
        { serverToClientBytes: 500 },
      ),
    ).to.equal(false)
  })
  it('throttle up: only what was sent before the answered question counts', () => {
    const fault = throttle({ bytesPerSecond: 1000, direction: 'client-to-server' })
    const faulted = {
      departures: [
        { ms: 1, bytes: 100 },
        { ms: 150, bytes: 5000 },
      ],
      roundTrips: [[1, 101]] as const,
      openedAtMs: 101,
    }
    expect(struck(fault, faulted)).to.equal(true)
  })
  it('is refused at once with settings that no toxic can take', () => {
    expect(() => throttle({ bytesPerSecond: 1500, direction: 'client-to-server' })).to.throw(
      RangeError,
      'fault throttle: rate must be a whole number, not 1.5',
    )
  })
})
