import { expect } from 'chai'

import { orphanedProxies, proxyName, leaseRenewalMs } from '#proxies/driver/proxy-names'

const hour = 3_600_000
const now = Date.parse('2026-01-01T12:00:00Z')
const named = (run: string, ago: number, number = 1): string => proxyName(run, number, now - ago)

describe('names of the proxies of a run', () => {
  it('contain run, time and number', () => {
    expect(proxyName('run/1 é', 7, 1_767_268_800_123)).to.equal('streamproof-run-1---1767268800-7')
  })

  it('are all orphaned if their run has created none for an hour', () => {
    const killed = [named('killed', 5 * hour, 1), named('killed', 1.01 * hour, 2)]
    expect(orphanedProxies(killed, now)).to.deep.equal(killed)
  })

  it('are not orphaned if their run is active, however old one of them is', () => {
    const active = [named('active', 1000 * hour, 1), named('active', 0.99 * hour, 2)]
    expect(orphanedProxies([...active, named('killed', 2 * hour)], now)).to.deep.equal([
      named('killed', 2 * hour),
    ])
  })

  it('do not extend the life of a run whose name begins the same', () => {
    const names = [named('run', 2 * hour), named('run-2', 0), named('run-2-x', 2 * hour)]
    expect(orphanedProxies(names, now)).to.deep.equal([names[0], names[2]])
  })

  it('are not orphaned if their time is in the future', () => {
    expect(orphanedProxies([named('ahead', -2 * hour)], now)).to.deep.equal([])
  })

  it('of other programs are never orphaned', () => {
    const old = named('killed', 2 * hour)
    const others = ['', 'theirs', 'streamproof', 'streamproof-1', 'streamproof-r-1', `x-${old}`, `${old}-x`]
    expect(
      orphanedProxies(
        [...others, 'streamproof--1700000000-1', 'streamproof-demo-server-1', 'streamproof-a-2020-1'],
        now,
      ),
    ).to.deep.equal([])
  })

  it('are renewed by the lease well within an hour', () => {
    expect(leaseRenewalMs).to.be.at.most(hour / 3)
  })
})
