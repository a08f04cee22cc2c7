import { expect } from 'chai'

import { blackHole, cutAfter, hangUp, resetPeer } from '#proxies/faults'
import { fin, struck } from './seen.ts'

/** Nothing came back. */
const silent = { serverToClientBytes: 0, arrivals: [], roundTrips: [], openedAtMs: null } as const

describe('faults that end or silence, from what was seen', () => {
  it('cut: not at another byte', () => {
    const fault = cutAfter({ bytes: 40, direction: 'server-to-client' })
    expect(struck(fault, { serverToClientBytes: 40, ending: fin })).to.equal(true)
    expect(struck(fault, { serverToClientBytes: 39, ending: fin })).to.equal(false)
    expect(struck(fault, { serverToClientBytes: 41, ending: fin })).to.equal(false)
  })
  it('cut: not where we hung up ourselves', () => {
    const fault = cutAfter({ bytes: 40, direction: 'server-to-client' })
    expect(struck(fault, { serverToClientBytes: 40, ending: { ms: 9, how: 'fin', by: 'harness' } })).to.equal(
      false,
    )
    expect(struck(fault, { serverToClientBytes: 40 })).to.equal(false)
  })
  it('cut: not where the target sends no more anyway', () => {
    expect(
      struck(
        cutAfter({ bytes: 40, direction: 'server-to-client' }),
        { serverToClientBytes: 40, ending: fin },
        { serverToClientBytes: 40 },
      ),
    ).to.equal(false)
  })
  it('cut up: not where the target ends the connection anyway', () => {
    const fault = cutAfter({ bytes: 40, direction: 'client-to-server' })
    const cut = { clientToServerBytes: 60, ending: fin, roundTrips: [] }
    expect(struck(fault, cut)).to.equal(true)
    expect(struck(fault, cut, { clientToServerBytes: 60, ending: fin })).to.equal(false)
    expect(struck(fault, { ...cut, clientToServerBytes: 39 })).to.equal(false)
    // We sent a Pong more that time, and the target hung up when it was asked to.
    expect(
      struck(fault, { clientToServerBytes: 60, ending: fin }, { clientToServerBytes: 66, ending: fin }),
    ).to.equal(false)
  })
  it('reset: FIN is none', () => {
    const fault = resetPeer({ afterMs: 20, direction: 'server-to-client' })
    expect(struck(fault, { ...silent, ending: { ms: 30, how: 'rst', by: 'peer' } })).to.equal(true)
    expect(struck(fault, { ...silent, ending: fin })).to.equal(false)
    expect(struck(fault, { ...silent, ending: null })).to.equal(false)
  })
  it('reset: not before its time, not where the target resets anyway, not behind an answer', () => {
    const fault = resetPeer({ afterMs: 20, direction: 'server-to-client' })
    const rst = { ms: 30, how: 'rst', by: 'peer' } as const
    expect(struck(fault, { ...silent, ending: { ...rst, ms: 10 } })).to.equal(false)
    expect(struck(fault, { ...silent, ending: rst }, { ending: rst })).to.equal(false)
    expect(struck(fault, { ending: rst })).to.equal(false)
    expect(struck(fault, { ...silent, serverToClientBytes: 3, ending: rst })).to.equal(false)
  })
  it('hang-up: FIN, not before its time, and nothing of what was answered without it', () => {
    const fault = hangUp({ afterMs: 40, direction: 'server-to-client' })
    const hungUp = { ...silent, ending: fin }
    expect(struck(fault, hungUp)).to.equal(true)
    expect(struck(fault, { ...hungUp, ending: null })).to.equal(false)
    expect(struck(fault, { ...hungUp, ending: { ...fin, how: 'rst' } })).to.equal(false)
    expect(struck(fault, { ...hungUp, ending: { ...fin, by: 'harness' } })).to.equal(false)
    expect(struck(fault, { ...hungUp, ending: { ...fin, ms: 30 } })).to.equal(false)
    expect(struck(fault, { ...hungUp, serverToClientBytes: 1 })).to.equal(false)
    expect(struck(fault, { ...hungUp, clientToServerBytes: 0 })).to.equal(false)
    expect(struck(fault, hungUp, hungUp), 'a target that hangs up by itself').to.equal(false)
    expect(struck(fault, { ending: fin }, { ending: fin }), 'a target that answers and hangs up').to.equal(
      false,
    )
  })
  it('hang-up: a target that speaks first may be heard, but not answer', () => {
    const fault = hangUp({ afterMs: 40, direction: 'client-to-server' })
    const greeted = { serverToClientBytes: 5, ending: fin, openedAtMs: null, roundTrips: [] }
    expect(struck(fault, greeted)).to.equal(true)
    expect(struck(fault, { serverToClientBytes: 5, ending: fin })).to.equal(false)
  })
  it('black hole: an end of the connection is none, nor is a byte', () => {
    const fault = blackHole({ direction: 'server-to-client' })
    expect(struck(fault, silent)).to.equal(true)
    expect(struck(fault, { serverToClientBytes: 60 }), 'the target said less this time').to.equal(false)
    expect(struck(fault, { ...silent, ending: fin })).to.equal(false)
    expect(struck(fault, { ...silent, serverToClientBytes: 3 })).to.equal(false)
    expect(struck(fault, { ...silent, clientToServerBytes: 0 })).to.equal(false)
    expect(struck(fault, silent, { serverToClientBytes: 0 })).to.equal(false)
  })
  it('is refused at once with settings that no toxic can take', () => {
    expect(() => cutAfter({ bytes: 0.5, direction: 'client-to-server' })).to.throw(RangeError)
    expect(() => hangUp({ afterMs: 0, direction: 'client-to-server' })).to.throw(RangeError, 'more than 0')
  })
})
