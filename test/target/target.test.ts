import { expect } from 'chai'
import { clientTarget } from '#target/target'
import type { RunTarget } from '#target/target'

const client = (): RunTarget =>
  clientTarget('websocket', [process.execPath, '-e', 'setInterval(() => undefined, 1000)'])

describe('a target that is a command', () => {
  it('has its own place in the list of targets, though discovery started a client before', async () => {
    const target = client()
    target.client?.start([])
    expect(target.driver(1).target.index).to.equal(1)
    await target.close()
  })

  it('reports a crash to the driver of the run', async () => {
    const target = clientTarget('websocket', [process.execPath, '-e', 'process.exit(3)'])
    const driver = target.driver(1)
    const crashed = new Promise<void>((resolve) => void driver.onCrash(resolve))
    target.client?.start([])
    await crashed
    expect(driver.crashed()).to.deep.equal({ cause: 'exited with status 3' })
  })

  it('stops every process when it is closed, those of discovery too', async () => {
    const target = client()
    const before = target.client?.start([])
    target.driver(0)
    const during = target.client?.start([])
    expect([isRunning(before), isRunning(during)]).to.deep.equal([true, true])
    await target.close()
    expect([isRunning(before), isRunning(during)]).to.deep.equal([false, false])
  })
})

/** A process of a command knows whether it runs, which its checks need not know. */
function isRunning(process: object | undefined): boolean {
  return process !== undefined && 'isRunning' in process && process.isRunning === true
}
