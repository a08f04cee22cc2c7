import { expect } from 'chai'

import { leftBehind, proxyName, renewalMs } from '#proxies/driver/proxy-names'

const hour = 3_600_000
const now = Date.parse('2026-01-01T12:00:00Z')
const named = (run: string, ago: number, number = 1): string => proxyName(run, number, now - ago)

describe('names of proxies', () => {
  it('tell run, time and number', () => {
    expect(proxyName('run/1 é', 7, 1_767_268_800_123)).to.equal('streamproof-run-1---1767268800-7')
  })

  it('of a run that has made none for an hour are left behind, all of them', () => {
    const dead = [named('dead', 5 * hour, 1), named('dead', 1.01 * hour, 2)]
    expect(leftBehind(dead, now)).to.deep.equal(dead)
  })

  it('of a live run are not, however old one of them is', () => {
    const live = [named('live', 1000 * hour, 1), named('live', 0.99 * hour, 2)]
    expect(leftBehind([...live, named('dead', 2 * hour)], now)).to.deep.equal([named('dead', 2 * hour)])
  })

  it('of one run do not speak for another whose name begins alike', () => {
    const names = [named('run', 2 * hour), named('run-2', 0), named('run-2-x', 2 * hour)]
    expect(leftBehind(names, now)).to.deep.equal([names[0], names[2]])
  })

  it('that come from a clock ahead are not left behind', () => {
    expect(leftBehind([named('ahead', -2 * hour)], now)).to.deep.equal([])
  })

  it('that are not ours never are', () => {
    const old = named('dead', 2 * hour)
    const theirs = ['', 'theirs', 'streamproof', 'streamproof-1', 'streamproof-r-1', `x-${old}`, `${old}-x`]
    expect(
      leftBehind(
        [...theirs, 'streamproof--1700000000-1', 'streamproof-demo-server-1', 'streamproof-a-2020-1'],
        now,
      ),
    ).to.deep.equal([])
  })

  it('are renewed well before an hour has passed', () => {
    expect(renewalMs).to.be.at.most(hour / 3)
  })
})
