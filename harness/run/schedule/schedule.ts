import { deferred } from '#common/deferred'
import type { Deferred } from '#common/deferred'
import type { Planned } from '#run/select/plan'
import type { TargetDriver } from '#target/drivers/driver'
import { partiesOf } from '#target/target'
import { startAttempt } from './attempt.ts'
import type { Attempt, ConnectionRecord, Refusal } from './attempt.ts'
import { isDropped, isShortLived } from './classify.ts'
import { Sleepers, systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { hasFreeSlot } from './concurrency-limit.ts'
import { CrashIsolation } from './crash-isolation.ts'
import { Entry } from './entry.ts'
import { livenessMs } from './liveness-monitor.ts'
import { LoadControl } from './load-control.ts'
import { Prerequisites } from './prerequisites.ts'
import { needsRepetition, RepetitionBudget } from './repetition.ts'
import { TargetWatch } from './target-watch.ts'
import type { RunTools, ScheduleOptions } from './tools.ts'

/** A check that was refused connections this often beside others runs alone, so that it is not refused again and again. */
const maxRefusals = 3

/** At the end a target is watched a little longer than the grace period, so that its last checks can be final. */
const lastWatchMs = livenessMs.grace + 20

/**
 * Runs planned checks, each on connections of its own, and makes each final. Up to `jobs` run at once; `exclusive` ones
 * run alone, after the others; then whatever failed runs once more, alone. This class owns the loop and every wait; what
 * to do is decided by the policies beside it.
 */
export class Schedule<Kit> {
  readonly entries: readonly Entry<Kit>[]
  readonly #options: ScheduleOptions
  readonly #tools: RunTools<Kit>
  readonly #clock: Clock
  readonly #drivers: readonly TargetDriver[]
  readonly #prerequisites: Prerequisites<Kit>
  readonly #load: LoadControl
  readonly #repetitions: RepetitionBudget
  readonly #watch: TargetWatch
  readonly #isolation: CrashIsolation<Kit>
  /** Connections that wait until they may be opened. */
  readonly #connecting: Sleepers
  readonly #running = new Set<Entry<Kit>>()
  /** Running entries that did not run alone all the time. */
  readonly #accompanied = new Set<Entry<Kit>>()
  #change: Deferred<void> = deferred()
  #stopped = false

  constructor(plan: readonly Planned<Kit>[], tools: RunTools<Kit>, options: ScheduleOptions) {
    this.#options = options
    this.#tools = tools
    this.#clock = tools.clock ?? systemClock
    this.#connecting = new Sleepers(this.#clock)
    this.#repetitions = new RepetitionBudget(options.repetitionsMs)
    this.#load = new LoadControl(options.jobs, (text) => options.finding?.(text))
    this.entries = plan.map((planned) => new Entry(planned))
    this.#prerequisites = new Prerequisites(this.entries)
    for (const [index, { notApplicable }] of plan.entries()) {
      if (notApplicable !== null)
        this.entries[index]?.settleWith({ kind: 'not-applicable', ...notApplicable })
    }
    this.#drivers = options.targets.map((target, index) => target.driver(index))
    this.#watch = new TargetWatch(
      this.#drivers,
      this.#clock,
      (target) => this.#openConnections(target),
      () => this.#changed(),
    )
    this.#isolation = new CrashIsolation({
      watch: this.#watch,
      timeScale: options.environment.timeScale,
      isStopped: () => this.#stopped,
      unsettled: () => this.#unsettled(),
      survived: (entry) => this.#survived(entry),
      interruptAll: () => this.#interruptAll(),
      attempt: async (entry) => {
        const attempt = await this.#attempt(entry)
        this.#running.delete(entry)
        return attempt
      },
      keep: (entry, attempt) => this.#keep(entry, attempt),
      slowDown: () => this.#load.slowDown(this.#isolation, this.#clock.now()),
      finding: (text) => options.finding?.(text),
    })
  }

  /** Stops at once: running checks are interrupted, and what was not judged becomes final with null. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#endWaits()
    for (const { running } of this.#running) running?.interrupt()
    this.#changed()
  }

  /** Runs until every entry is final. Never rejects. */
  async run(): Promise<void> {
    while (!this.#stopped && this.#unsettled().length > 0) {
      if (this.#watch.crash !== null) await this.#isolation.handle()
      this.#settleDecided()
      const mustWait = this.#watch.isProbing || this.#pauseLeftMs() > 0
      if (!mustWait && this.#watch.crash === null) this.#startReady()
      if (this.#running.size > 0 || mustWait) await this.#nextChange()
      else if (this.#watch.crash === null) await this.#runOneAlone()
    }
    while (this.#running.size > 0) await this.#nextChange()
    this.#endWaits()
    await this.#watch.close()
    for (const entry of this.#unsettled()) entry.settle()
  }

  // --- The loop ---

  #unsettled(): Entry<Kit>[] {
    return this.entries.filter((entry) => !entry.isFinal)
  }

  #changed(): void {
    const before = this.#change
    this.#change = deferred()
    before.resolve()
  }

  /** Resolves when an attempt or a probe has ended, when the pause is over, or when the run is stopped. */
  async #nextChange(): Promise<void> {
    const pauseMs = this.#pauseLeftMs()
    const cancel = pauseMs > 0 ? this.#clock.after(pauseMs, () => this.#changed()) : null
    await this.#change.promise
    cancel?.()
  }

  #pauseLeftMs(): number {
    return this.#load.rateLimiter.pauseLeftMs(this.#clock.now())
  }

  #endWaits(): void {
    this.#load.rateLimiter.stop()
    this.#connecting.wakeAll()
  }

  async #interruptAll(): Promise<void> {
    for (const { running } of this.#running) running?.interrupt()
    while (this.#running.size > 0) await this.#nextChange()
  }

  /** Makes final what is decided: blocked checks, and complete ones that the target has survived. */
  #settleDecided(): void {
    for (const entry of this.#unsettled()) {
      const blocking = this.#prerequisites.blocking(entry)
      if (blocking !== null && !this.#running.has(entry))
        entry.settleWith({ kind: 'blocked', by: blocking.check.id }, null)
      else if (entry.complete && this.#survived(entry)) entry.settle()
    }
  }

  /** True: nothing that this check did can have crashed the target. */
  #survived(entry: Entry<Kit>): boolean {
    const lastEnd = entry.attempts.findLast(({ connections }) => connections.length > 0)?.endedAt
    return lastEnd === undefined || this.#watch.aliveSince(entry.target, lastEnd + livenessMs.grace)
  }

  // --- Starting checks ---

  #startReady(): void {
    for (const entry of this.entries) {
      if (this.#stopped || this.#running.size >= this.#load.maxRunning) return
      const isReady =
        !entry.isFinal &&
        // An entry counts as running until it is known what its attempt is worth.
        !this.#running.has(entry) &&
        entry.attempts.length === 0 &&
        !entry.runsAlone &&
        this.#prerequisites.allowStart(entry)
      if (isReady && this.#hasFreeSlot(entry)) void this.#observe(entry)
    }
  }

  /** True: the drivers allow one more check on its target. */
  #hasFreeSlot({ target }: Entry<Kit>): boolean {
    const used = [...this.#running].map((running) => running.target)
    const limits = this.#drivers.map(({ maxConcurrent }) => maxConcurrent)
    return hasFreeSlot(target, used, limits)
  }

  /** Nothing is running. Runs an exclusive check, or else a repetition, or else watches the target once more. */
  async #runOneAlone(): Promise<void> {
    const incomplete = this.#unsettled().filter((entry) => !entry.complete)
    const first = incomplete.find(
      (entry) => entry.attempts.length === 0 && this.#prerequisites.allowStart(entry),
    )
    const repeated = incomplete.find((entry) => entry.attempts.length > 0)
    if (first !== undefined) await this.#observe(first)
    else if (repeated !== undefined) {
      if (this.#repetitions.isSpent) repeated.complete = true
      else this.#repetitions.spend((await this.#observe(repeated)).durationMs)
    } else if (incomplete.length > 0 && incomplete.length === this.#unsettled().length) {
      // Unreachable: their prerequisites are final by now. Settling them is better than a loop without an end.
      for (const entry of incomplete) entry.settle()
    } else if (await this.#watch.survives(lastWatchMs)) {
      for (const entry of this.#unsettled()) if (entry.complete) entry.settle()
    } else this.#watch.probe()
  }

  // --- Attempts ---

  /** Runs a check once, and decides what the attempt is worth. */
  async #observe(entry: Entry<Kit>): Promise<Attempt> {
    if (this.#running.size > 0)
      for (const accompanied of [entry, ...this.#running]) this.#accompanied.add(accompanied)
    const attempt = await this.#attempt(entry)
    const hadCompanions = this.#accompanied.delete(entry)
    // A crash that is being looked for decides what this attempt is worth.
    await this.#watch.settled()
    this.#take(entry, attempt, hadCompanions)
    this.#running.delete(entry)
    this.#changed()
    return attempt
  }

  async #attempt(entry: Entry<Kit>): Promise<Attempt> {
    const environment = {
      ...this.#options.environment,
      ...partiesOf(this.#options.targets, entry.target),
      acquireConnection: () => this.#acquireConnection(),
    }
    const budgetMs = this.#options.budget(entry.check) + this.#load.rateLimiter.extraBudgetMs
    this.#running.add(entry)
    this.#options.started?.(entry.check.id)
    entry.running = startAttempt(entry.check, this.#tools, environment, budgetMs, {
      opened: ({ route }) => {
        if (route === 'direct') this.#watch.connectionOpened(entry.target)
      },
      ended: (connection) => {
        if (isDropped(connection) && !isShortLived(connection)) this.#watch.connectionDropped(entry)
      },
      refused: (how) => this.#refused(how),
      late: (error) => entry.addLateError(error),
    })
    const attempt = await entry.running.settled
    entry.running = null
    return attempt
  }

  /** Waits until one more connection may be opened. */
  async #acquireConnection(): Promise<void> {
    for (;;) {
      const waitMs = this.#load.rateLimiter.acquire(this.#clock.now())
      if (waitMs === 0) return
      await this.#connecting.sleep(waitMs)
    }
  }

  #refused(how: Refusal): void {
    if (how === 'econnrefused' || how === 'econnreset' || how === 'timeout') this.#watch.probe()
  }

  #openConnections(target: number): ConnectionRecord[] {
    return [...this.#running]
      .filter((entry) => entry.target === target || entry.target === null)
      .flatMap(({ running }) => running?.connections ?? [])
      .filter(({ route, endedAt }) => route === 'direct' && endedAt === null)
  }

  #take(entry: Entry<Kit>, attempt: Attempt, hadCompanions: boolean): void {
    const decision = this.#load.attemptEnded(attempt, {
      check: entry,
      crashed: this.#watch.crash !== null,
      hadCompanions,
      running: this.#running.size,
      now: this.#clock.now(),
    })
    if (decision === 'keep') this.#keep(entry, attempt)
    else if (decision === 'discard') entry.discardAttempts(attempt)
    else if (decision === 'retry-refused') entry.refused(maxRefusals)
  }

  #keep(entry: Entry<Kit>, attempt: Attempt): void {
    entry.attempts.push(attempt)
    entry.complete = !(this.#options.repeatFailures && needsRepetition(entry.attempts))
    this.#options.observed?.(entry.check, attempt.outcome, !entry.complete)
  }
}
