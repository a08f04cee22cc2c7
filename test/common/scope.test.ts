import { expect } from 'chai'
import { Scope } from '#common/scope'

describe('Scope', () => {
  it('closes its members one after another, last first', async () => {
    const closed: string[] = []
    const scope = new Scope()
    scope.defer(() => closed.push('listener'))
    scope.defer(async () => {
      await Promise.resolve()
      closed.push('socket')
    })
    expect(await scope.close()).to.deep.equal([])
    expect(closed).to.deep.equal(['socket', 'listener'])
  })

  it('runs the other closers if one throws, and returns the errors', async () => {
    const closed: string[] = []
    const broken = new Error('already gone')
    const scope = new Scope()
    scope.defer(() => closed.push('first'))
    scope.defer(() => {
      throw broken
    })
    scope.defer(() => Promise.reject(broken))
    expect(await scope.close()).to.deep.equal([broken, broken])
    expect(closed).to.deep.equal(['first'])
  })

  it('runs each closer once, however often it is closed', async () => {
    let closed = 0
    const scope = new Scope()
    scope.defer(() => (closed += 1))
    await Promise.all([scope.close(), scope.close()])
    await scope.close()
    expect(closed).to.equal(1)
  })

  it('closes a member at once if it is already closed', async () => {
    const scope = new Scope()
    await scope.close()
    let closed = false
    scope.defer(() => (closed = true))
    expect(closed).to.equal(true)
  })
})
