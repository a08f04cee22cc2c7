import { expect } from 'chai'

import { callAt } from '#proxies/embedded/proxy/clock'

describe('engine clock', () => {
  it('never calls back before the due time', async () => {
    const early: number[] = []
    await Promise.all(
      Array.from({ length: 300 }, (_, index) => {
        const due = performance.now() + (index % 60) + (index % 7) / 7
        return new Promise<void>((resolve) => {
          callAt(due, () => {
            if (performance.now() < due) early.push(due)
            resolve()
          })
        })
      }),
    )
    expect(early).to.deep.equal([])
  })

  it('calls back once, and not synchronously, for a time that has passed', async () => {
    let calls = 0
    callAt(0, () => calls++)
    expect(calls).to.equal(0)
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    expect(calls).to.equal(1)
  })

  it('does not call back after it was cancelled', async () => {
    let calls = 0
    callAt(performance.now() + 5, () => calls++).cancel()
    callAt(0, () => calls++).cancel()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(calls).to.equal(0)
  })

  it('supports delays that are longer than those of setTimeout', async () => {
    let calls = 0
    const timer = callAt(performance.now() + Number.MAX_SAFE_INTEGER, () => calls++)
    await new Promise((resolve) => setTimeout(resolve, 20))
    timer.cancel()
    expect(calls).to.equal(0)
  })
})
