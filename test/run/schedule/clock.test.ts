import { expect } from 'chai'
import { Sleepers, sleep, systemClock } from '#run/schedule/clock'
import { VirtualClock } from '../virtual-clock.ts'

describe('sleepers', () => {
  it('sleep for as long as they want, or until all are woken', async () => {
    const clock = new VirtualClock()
    const sleepers = new Sleepers(clock)
    await clock.run(sleepers.sleep(100))
    expect(clock.now()).to.equal(100)
    const all = Promise.all([sleepers.sleep(1000), sleepers.sleep(2000)])
    sleepers.wakeAll()
    await all
    expect(clock.now()).to.equal(100)
  })
})

describe('the clock of the system', () => {
  it('calls back once, and not after it was cancelled', async () => {
    const called: string[] = []
    const cancel = systemClock.after(0, () => called.push('cancelled'))
    cancel()
    systemClock.after(0, () => called.push('called'))
    const before = systemClock.now()
    await sleep(systemClock, 1)
    expect(called).to.deep.equal(['called'])
    expect(systemClock.now()).to.be.greaterThan(before)
  })
})
