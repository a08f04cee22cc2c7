import { expect } from 'chai'

import { blackHole, cutAfter, hangUp, resetPeer } from '#proxies/faults'
import { fin, isProven } from './proof-of.ts'

const silent = { serverToClientBytes: 0, arrivals: [], roundTrips: [], openedAtMs: null } as const

describe('proofs of faults that end or silence a connection, from traces', () => {
  it('cut-after: not proven by an end at another byte', () => {
    const fault = cutAfter({ bytes: 40, direction: 'server-to-client' })
    expect(isProven(fault, { serverToClientBytes: 40, ending: fin })).to.equal(true)
    expect(isProven(fault, { serverToClientBytes: 39, ending: fin })).to.equal(false)
    expect(isProven(fault, { serverToClientBytes: 41, ending: fin })).to.equal(false)
  })
  it('cut-after: not proven if the harness ended the connection', () => {
    const fault = cutAfter({ bytes: 40, direction: 'server-to-client' })
    expect(
      isProven(fault, { serverToClientBytes: 40, ending: { ms: 9, how: 'fin', by: 'harness' } }),
    ).to.equal(false)
    expect(isProven(fault, { serverToClientBytes: 40 })).to.equal(false)
  })
  it('cut-after: not proven if the target sends no more without the fault', () => {
    expect(
      isProven(
        cutAfter({ bytes: 40, direction: 'server-to-client' }),
        { serverToClientBytes: 40, ending: fin },
        { serverToClientBytes: 40 },
      ),
    ).to.equal(false)
  })
  it('cut-after client-to-server: not proven if the target ends the connection without the fault', () => {
    const fault = cutAfter({ bytes: 40, direction: 'client-to-server' })
    const cut = { clientToServerBytes: 60, ending: fin, roundTrips: [] }
    expect(isProven(fault, cut)).to.equal(true)
    expect(isProven(fault, cut, { clientToServerBytes: 60, ending: fin })).to.equal(false)
    expect(isProven(fault, { ...cut, clientToServerBytes: 39 })).to.equal(false)
    // In the control the harness sent a Pong more, and the target ended the connection because it was asked to.
    expect(
      isProven(fault, { clientToServerBytes: 60, ending: fin }, { clientToServerBytes: 66, ending: fin }),
    ).to.equal(false)
  })
  it('reset: not proven by FIN', () => {
    const fault = resetPeer({ afterMs: 20, direction: 'server-to-client' })
    expect(isProven(fault, { ...silent, ending: { ms: 30, how: 'rst', by: 'peer' } })).to.equal(true)
    expect(isProven(fault, { ...silent, ending: fin })).to.equal(false)
    expect(isProven(fault, { ...silent, ending: null })).to.equal(false)
  })
  it('reset: not proven by an early reset, a reset without the fault, or a reset after an answer', () => {
    const fault = resetPeer({ afterMs: 20, direction: 'server-to-client' })
    const rst = { ms: 30, how: 'rst', by: 'peer' } as const
    expect(isProven(fault, { ...silent, ending: { ...rst, ms: 10 } })).to.equal(false)
    expect(isProven(fault, { ...silent, ending: rst }, { ending: rst })).to.equal(false)
    expect(isProven(fault, { ending: rst })).to.equal(false)
    expect(isProven(fault, { ...silent, serverToClientBytes: 3, ending: rst })).to.equal(false)
  })
  it('hang-up: proven by FIN in time and no answer', () => {
    const fault = hangUp({ afterMs: 40, direction: 'server-to-client' })
    const hungUp = { ...silent, ending: fin }
    expect(isProven(fault, hungUp)).to.equal(true)
    expect(isProven(fault, { ...hungUp, ending: null })).to.equal(false)
    expect(isProven(fault, { ...hungUp, ending: { ...fin, how: 'rst' } })).to.equal(false)
    expect(isProven(fault, { ...hungUp, ending: { ...fin, by: 'harness' } })).to.equal(false)
    expect(isProven(fault, { ...hungUp, ending: { ...fin, ms: 30 } })).to.equal(false)
    expect(isProven(fault, { ...hungUp, serverToClientBytes: 1 })).to.equal(false)
    expect(isProven(fault, { ...hungUp, clientToServerBytes: 0 })).to.equal(false)
    expect(isProven(fault, hungUp, hungUp), 'a target that ends the connection by itself').to.equal(false)
    expect(
      isProven(fault, { ending: fin }, { ending: fin }),
      'a target that answers and ends the connection',
    ).to.equal(false)
  })
  it('hang-up client-to-server: a greeting of the target may arrive, an answer may not', () => {
    const fault = hangUp({ afterMs: 40, direction: 'client-to-server' })
    const greeted = { serverToClientBytes: 5, ending: fin, openedAtMs: null, roundTrips: [] }
    expect(isProven(fault, greeted)).to.equal(true)
    expect(isProven(fault, { serverToClientBytes: 5, ending: fin })).to.equal(false)
  })
  it('black-hole: not proven if the connection ends or a byte arrives', () => {
    const fault = blackHole({ direction: 'server-to-client' })
    expect(isProven(fault, silent)).to.equal(true)
    expect(isProven(fault, { serverToClientBytes: 60 }), 'the target sent less this time').to.equal(false)
    expect(isProven(fault, { ...silent, ending: fin })).to.equal(false)
    expect(isProven(fault, { ...silent, serverToClientBytes: 3 })).to.equal(false)
    expect(isProven(fault, { ...silent, clientToServerBytes: 0 })).to.equal(false)
    expect(isProven(fault, silent, { serverToClientBytes: 0 })).to.equal(false)
  })
  it('rejects settings that no toxic can take with a RangeError', () => {
    expect(() => cutAfter({ bytes: 0.5, direction: 'client-to-server' })).to.throw(RangeError)
    expect(() => hangUp({ afterMs: 0, direction: 'client-to-server' })).to.throw(RangeError, 'more than 0')
  })
})
