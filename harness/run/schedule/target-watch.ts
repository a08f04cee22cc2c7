import type { TargetDriver } from '#target/drivers/driver'
import type { ConnectionRecord } from './attempt.ts'
import { sleep } from './clock.ts'
import type { Clock } from './clock.ts'
import { LivenessMonitor } from './liveness-monitor.ts'
import type { DetectedCrash } from './liveness-monitor.ts'

const probeMs = {
  /** How long the answer to one probe may take: a live target accepts a connection within its round-trip time. */
  answer: 1000,
  /** Between two probes; also how long the resets of a crash may take to arrive. */
  interval: 20,
} as const

/** Asks the drivers of all targets whether these are alive, and passes their answers to the monitor. */
export class TargetWatch {
  readonly #drivers: readonly TargetDriver[]
  readonly #clock: Clock
  readonly #openConnections: (target: number) => readonly ConnectionRecord[]
  readonly #changed: () => void
  readonly #monitor: LivenessMonitor
  readonly #unsubscribe: readonly (() => void)[]
  #probing: Promise<void> | null = null

  /**
   * @param openConnections the direct connections to a target that are open now.
   * @param changed called when a probe is over.
   */
  constructor(
    drivers: readonly TargetDriver[],
    clock: Clock,
    openConnections: (target: number) => readonly ConnectionRecord[],
    changed: () => void,
  ) {
    this.#drivers = drivers
    this.#clock = clock
    this.#openConnections = openConnections
    this.#changed = changed
    this.#monitor = new LivenessMonitor(drivers.map(({ target }) => target.index))
    this.#unsubscribe = drivers.map((driver) => driver.onCrash(() => this.probe()))
  }

  /** A crash that nobody has dealt with yet. */
  get crash(): DetectedCrash | null {
    return this.#monitor.crash
  }

  /** True while targets are being probed: no check should start. */
  get isProbing(): boolean {
    return this.#probing !== null
  }

  /** Direct connections that were opened within the last second. */
  get recentOpenings(): number {
    return this.#monitor.recentOpenings(this.#clock.now())
  }

  aliveSince(target: number | null, ms: number): boolean {
    return this.#monitor.aliveSince(target, ms)
  }

  connectionOpened(target: number | null): void {
    this.#monitor.connectionOpened(target, this.#clock.now())
  }

  connectionDropped(check: object): void {
    if (this.#monitor.connectionDropped(check, this.#clock.now())) this.probe(true)
  }

  /** Probes every target, unless a probe is under way or a crash has been found. */
  probe(afterDrops = false): void {
    if (this.#probing !== null || this.crash !== null) return
    this.#probing = this.#probeAll(afterDrops).finally(() => {
      this.#probing = null
      this.#changed()
    })
  }

  /** Resolves when no probe is under way. */
  async settled(): Promise<void> {
    await this.#probing
  }

  /** Probes again and again for this many ms. True: every target was alive each time, also at the end. */
  async survives(forMs: number): Promise<boolean> {
    const until = this.#clock.now() + forMs
    for (;;) {
      const isLast = this.#clock.now() >= until
      for (const driver of this.#drivers) if (!(await this.#isAlive(driver))) return false
      if (this.crash?.kind === 'down') return false
      if (isLast) return true
      await sleep(this.#clock, probeMs.interval)
    }
  }

  /** Restarts what can be restarted, and waits until every target is alive. False: not in time, or it was stopped. */
  async recovers(withinMs: number, isStopped: () => boolean): Promise<boolean> {
    const until = this.#clock.now() + withinMs
    await Promise.all(this.#drivers.map((driver) => driver.restart()))
    for (;;) {
      const alive = await Promise.all(this.#drivers.map((driver) => this.#isAlive(driver)))
      if (alive.every(Boolean)) return true
      if (isStopped() || this.#clock.now() >= until) return false
      await sleep(this.#clock, probeMs.interval)
    }
  }

  /** Whether each target accepts this many further connections. */
  async acceptsConnections(count: number): Promise<boolean> {
    const accepted = await Promise.all(this.#drivers.map((driver) => driver.acceptsConnections(count)))
    return accepted.every(Boolean)
  }

  /** The crash has been dealt with. */
  forgetCrash(): void {
    this.#monitor.reset()
  }

  /** Ends a probe, and listens to the drivers no longer. */
  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await this.settled()
  }

  async #probeAll(afterDrops: boolean): Promise<void> {
    for (const driver of this.#drivers) {
      const askedAt = this.#clock.now()
      const alive = await driver.isAlive(probeMs.answer)
      if (!alive) await sleep(this.#clock, probeMs.interval)
      const { index: target } = driver.target
      const cause = driver.crashed()?.cause ?? null
      const open = this.#openConnections(target)
      const crash = this.#monitor.probed({ target, askedAt, alive, afterDrops, cause, open })
      if (crash !== null) return
    }
  }

  async #isAlive(driver: TargetDriver): Promise<boolean> {
    const askedAt = this.#clock.now()
    const alive = await driver.isAlive(probeMs.answer)
    if (alive) this.#monitor.answered(driver.target.index, askedAt)
    return alive
  }
}
