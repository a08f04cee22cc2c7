import { expect } from 'chai'
import type { ConnectionRecord } from '#run/schedule/attempt'
import { TargetWatch } from '#run/schedule/target-watch'
import type { Crash, TargetDriver } from '#target/drivers/driver'
import { FakeTarget } from '../fake-target.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { dropped } from './attempts.ts'

interface Watched {
  readonly clock: VirtualClock
  readonly target: FakeTarget
  readonly watch: TargetWatch
  readonly open: ConnectionRecord[]
  changes: number
}

function watched(driverOf?: (clock: VirtualClock) => TargetDriver): Watched {
  const clock = new VirtualClock()
  const target = new FakeTarget(clock)
  const driver = driverOf?.(clock) ?? target.driver({ index: 0, protocol: 'websocket' })
  const open: ConnectionRecord[] = []
  const state: Watched = {
    clock,
    target,
    open,
    changes: 0,
    watch: new TargetWatch(
      [driver],
      clock,
      () => open,
      () => (state.changes += 1),
    ),
  }
  return state
}

/** A target that a driver runs: it crashes when asked to, and is alive again after a restart. */
class RestartableDriver implements TargetDriver {
  readonly target = { index: 0, protocol: 'websocket' }
  readonly maxConcurrent = 1
  readonly #listeners = new Set<() => void>()
  #crash: Crash | null = null
  restarts = 0

  crash(cause: string): void {
    this.#crash = { cause }
    for (const listener of this.#listeners) listener()
  }

  async isAlive(): Promise<boolean> {
    return this.#crash === null
  }

  acceptsConnections(): Promise<boolean> {
    return this.isAlive()
  }

  crashed(): Crash | null {
    return this.#crash
  }

  onCrash(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async restart(): Promise<void> {
    if (this.#crash !== null) this.restarts += 1
    this.#crash = null
  }
}

describe('the watch over a target', () => {
  it('finds a crash by a probe, 20 ms after a negative answer', async () => {
    const state = watched()
    state.target.crash(1000)
    state.watch.probe()
    expect(state.watch.isProbing).to.equal(true)
    await state.clock.run(state.watch.settled())
    expect(state.watch.crash).to.deep.equal({ target: 0, kind: 'down', cause: null })
    expect([state.watch.isProbing, state.changes, state.clock.now()]).to.deep.equal([false, 1, 21])
  })

  it('finds none if a connection is still open after these 20 ms', async () => {
    const state = watched()
    state.target.stopAccepting(1000)
    state.open.push({ ...dropped, openedAt: -5, endedAt: null, ending: null })
    state.watch.probe()
    await state.clock.run(state.watch.settled())
    expect(state.watch.crash).to.equal(null)
  })

  it('probes when three checks lose connections together, and finds a restart', async () => {
    const state = watched()
    for (const check of [{}, {}]) state.watch.connectionDropped(check)
    expect(state.watch.isProbing).to.equal(false)
    state.watch.connectionDropped({})
    await state.clock.run(state.watch.settled())
    expect(state.watch.crash).to.deep.equal({ target: 0, kind: 'restarted', cause: null })
  })

  it('sees a target survive only if every answer is positive', async () => {
    const { clock, target, watch } = watched()
    expect(await clock.run(watch.survives(100))).to.equal(true)
    expect(watch.aliveSince(0, 100)).to.equal(true)
    clock.after(50, () => target.crash(10_000))
    expect(await clock.run(watch.survives(100))).to.equal(false)
  })

  it('waits until a target is alive again, and not longer than it may', async () => {
    const { clock, target, watch } = watched()
    target.crash(500)
    expect(await clock.run(watch.recovers(10_000, () => false))).to.equal(true)
    expect(clock.now()).to.be.within(500, 525)
    target.crash(60_000)
    const began = clock.now()
    expect(await clock.run(watch.recovers(10_000, () => false))).to.equal(false)
    expect(clock.now() - began).to.be.within(10_000, 10_025)
    expect(await clock.run(watch.recovers(10_000, () => true))).to.equal(false)
  })

  it('hears of a crash from the driver, with its cause, and lets the driver restart the target', async () => {
    const driver = new RestartableDriver()
    const { clock, watch, open } = watched(() => driver)
    // Another process of the same command may still be connected: the driver knows better.
    open.push({ ...dropped, openedAt: -5, endedAt: null, ending: null })
    driver.crash('exited with status 134')
    await clock.run(watch.settled())
    expect(watch.crash).to.deep.equal({ target: 0, kind: 'down', cause: 'exited with status 134' })
    watch.forgetCrash()
    expect(await clock.run(watch.recovers(10_000, () => false))).to.equal(true)
    expect(driver.restarts).to.equal(1)
    await watch.close()
    driver.crash('exited with status 1')
    expect([watch.isProbing, watch.crash]).to.deep.equal([false, null])
  })

  it('asks the driver whether the target accepts so many connections', async () => {
    const { clock, target, watch } = watched()
    let accepted = 0
    target.onAccept = () => void (accepted += 1)
    expect(await clock.run(watch.acceptsConnections(20))).to.equal(true)
    expect(accepted).to.equal(20)
    target.stopAccepting(1000)
    expect(await clock.run(watch.acceptsConnections(1))).to.equal(false)
  })
})
