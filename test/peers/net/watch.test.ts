import { expect } from 'chai'
import { Watch } from '#peers/net/watch'

describe('Watch', () => {
  it('returns a value that is there, or the first that a change brings', async () => {
    const watch = new Watch()
    let value: number | undefined = 1
    expect(await watch.until(() => value, 0)).to.equal(1)
    value = undefined
    const wait = watch.until(() => value, 10_000)
    watch.changed()
    value = 2
    watch.changed()
    expect(await wait).to.equal(2)
  })

  it('never ends a wait early', async () => {
    const watch = new Watch()
    const start = performance.now()
    expect(await watch.until(() => undefined, 20)).to.equal(undefined)
    expect(performance.now() - start).to.be.at.least(20)
  })

  it('rejects with the error of the probe, and ends when it is stopped', async () => {
    const watch = new Watch()
    const failing = watch.until(() => {
      throw new RangeError('probe')
    }, 10)
    expect(await failing.catch((error: unknown) => error)).to.be.instanceOf(RangeError)
    const wait = watch.until(() => undefined, 60_000)
    watch.stop()
    expect(await wait).to.equal(undefined)
    expect(await watch.until(() => undefined, 60_000)).to.equal(undefined)
  })
})
