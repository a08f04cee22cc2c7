import { startAttempt } from './attempt.ts'
import type { Attempt, Connection, Refusal } from './attempt.ts'
import { Deaths } from './crash-isolation.ts'
import { deferred } from '#common/deferred'
import type { Deferred } from '#common/deferred'
import { Entry, falls, outpaced, shut, wantsRepetition, wasBrief, wasDropped } from './entry.ts'
import { ConcurrencyLimit } from './concurrency.ts'
import { Pace } from './rate-limiter.ts'
import type { Planned } from '#run/select/plan'
import { Pulse, pulseMs } from './liveness.ts'
import type { RunTools, ScheduleOptions } from './tools.ts'

/** Checks that were refused this often with others beside them are observed alone. */
const mostRefusedTries = 3
/** All repetitions together, in ms: a target that fails everything slowly is not watched failing it twice. */
const repetitionsMs = 30_000
/** Checks at once while connections come at intervals: with more, each would mostly wait for its turn. */
const mostPacedJobs = 4

const tooFast = 'the target refuses connections that come too fast: it gets them more slowly'

/**
 * Observes planned checks, each on connections of its own, and settles each with what it came to. Up to `jobs` at
 * once; `exclusive` ones alone, behind the others; then whatever fell once more, alone. A result is thrown away, and
 * the check observed again, where the target refused connections meanwhile, or died. One that refuses gets fewer at a
 * time, and where it is not their number that it refuses, it gets them more slowly.
 */
export class Schedule<Kit> {
  readonly entries: readonly Entry<Kit>[]
  readonly #options: ScheduleOptions
  readonly #tools: RunTools<Kit>
  readonly #byId: ReadonlyMap<string, Entry<Kit>>
  readonly #limit: ConcurrencyLimit
  readonly #pulse: Pulse
  readonly #pace: Pace
  readonly #deaths: Deaths<Kit>
  readonly #running = new Set<Entry<Kit>>()
  /** Running entries beside which another one was started. */
  readonly #accompanied = new Set<Entry<Kit>>()
  #change: Deferred<void> = deferred()
  #stopped = false
  readonly #said = new Set<string>()
  #repetitionsLeft: number

  constructor(plan: readonly Planned<Kit>[], tools: RunTools<Kit>, options: ScheduleOptions) {
    this.#options = options
    this.#tools = tools
    this.#repetitionsLeft = options.repetitionsMs ?? repetitionsMs
    this.#limit = new ConcurrencyLimit(options.jobs)
    this.entries = plan.map((planned) => new Entry(planned))
    this.#byId = new Map(this.entries.map((entry) => [entry.check.id, entry]))
    for (const [index, { notApplicable }] of plan.entries()) {
      if (notApplicable !== null)
        this.entries[index]?.settleWith({ kind: 'not-applicable', reason: notApplicable })
    }
    const { websocket, sse } = options.environment
    const endpoints = [websocket, sse].filter((endpoint) => endpoint !== null)
    const drivers = new Map(endpoints.map((endpoint, index) => [endpoint, tools.driver(endpoint, index)]))
    const standing = (protocol: string): Connection[] =>
      [...this.#running]
        .filter(({ check }) => check.protocol === protocol || check.protocol === 'both')
        .flatMap(({ running }) => running?.connections ?? [])
        .filter(({ route, to }) => route === 'direct' && to === null)
    this.#pulse = new Pulse(
      endpoints,
      (endpoint, withinMs) => drivers.get(endpoint)?.isAlive(withinMs) ?? Promise.resolve(false),
      { standing },
      () => this.#changed(),
    )
    this.#pace = new Pace(() => this.#changed())
    this.#deaths = new Deaths({
      pulse: this.#pulse,
      options,
      isStopped: () => this.#stopped,
      open: () => this.#open(),
      outlived: (entry) => this.#outlived(entry),
      halt: () => this.#halt(),
      attempt: async (entry) => {
        const attempt = await this.#attempt(entry)
        this.#running.delete(entry)
        return attempt
      },
      keep: (entry, attempt) => this.#keep(entry, attempt),
      slowDown: () => {
        const helps = this.#pace.refused(this.#deaths, null)
        if (helps) this.#sayOnce(tooFast)
        return helps
      },
    })
  }

  /** Stops at once: what is under way is cut, and what was not judged settles with null. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#pace.stop()
    for (const { running } of this.#running) running?.cut()
    this.#changed()
  }

  /** Runs until every entry has settled. Never rejects. */
  async run(): Promise<void> {
    while (!this.#stopped && this.#open().length > 0) {
      if (this.#pulse.death !== null) await this.#deaths.mourn()
      this.#conclude()
      const waits = this.#pulse.looking || this.#pace.heldMs > 0
      if (!waits && this.#pulse.death === null) this.#startReady()
      if (this.#running.size > 0 || waits) await this.#nextChange()
      else if (this.#pulse.death === null) await this.#oneAlone()
    }
    while (this.#running.size > 0) await this.#nextChange()
    this.#pace.stop()
    await this.#pulse.settled()
    for (const entry of this.#open()) entry.settle()
  }

  #open(): Entry<Kit>[] {
    return this.entries.filter((entry) => !entry.isFinal)
  }

  /** Cuts what is under way, and waits until nothing is. */
  async #halt(): Promise<void> {
    for (const { running } of this.#running) running?.cut()
    while (this.#running.size > 0) await this.#nextChange()
  }

  #changed(): void {
    const before = this.#change
    this.#change = deferred()
    before.resolve()
  }

  /** Something ended or was told; changes that came since the loop last looked are not lost. */
  #nextChange(): Promise<void> {
    return this.#change.promise
  }

  // --- Concurrently -----------------------------------------------------------------------------------------------

  #startReady(): void {
    for (const entry of this.entries) {
      const most = this.#pace.gapMs > 0 ? mostPacedJobs : Number.POSITIVE_INFINITY
      if (this.#stopped || this.#running.size >= Math.min(most, this.#limit.value)) return
      if (
        !entry.isFinal &&
        // Also while it is found out what its attempt is worth.
        !this.#running.has(entry) &&
        entry.attempts.length === 0 &&
        !entry.alone &&
        this.#mayStart(entry)
      ) {
        void this.#observe(entry)
      }
    }
  }

  /** Starts an attempt, and takes what it came to. */
  async #observe(entry: Entry<Kit>): Promise<Attempt> {
    if (this.#running.size > 0) for (const one of [entry, ...this.#running]) this.#accompanied.add(one)
    const attempt = await this.#attempt(entry)
    const companions = this.#accompanied.delete(entry)
    // Whether the target died just now decides what this attempt is worth.
    await this.#pulse.settled()
    this.#take(entry, attempt, companions)
    this.#running.delete(entry)
    this.#changed()
    return attempt
  }

  async #attempt(entry: Entry<Kit>): Promise<Attempt> {
    const { budget } = this.#options
    const environment = { ...this.#options.environment, turn: () => this.#pace.turn() }
    const budgetMs = budget(entry.check) + this.#pace.roomMs
    this.#running.add(entry)
    this.#options.started?.(entry.check.id)
    entry.running = startAttempt(entry.check, this.#tools, environment, budgetMs, {
      opened: ({ route }) => void (route === 'direct' && this.#pulse.opened(entry.check.protocol)),
      ended: (connection) => {
        if (wasDropped(connection) && !wasBrief(connection)) this.#pulse.ended(entry)
      },
      refused: (how) => this.#refused(how),
      late: (error) => entry.late(error),
    })
    const attempt = await entry.running.settled
    entry.running = null
    return attempt
  }

  #refused(how: Refusal): void {
    if (how === 'econnrefused' || how === 'econnreset' || how === 'timeout') this.#pulse.look()
  }

  #take(entry: Entry<Kit>, attempt: Attempt, companions: boolean): void {
    if (this.#pulse.death !== null && (attempt.connections.length > 0 || attempt.refusals.length > 0))
      entry.throwAway(attempt)
    else if (attempt.cut) return
    else if (companions && this.#wasRefused(attempt)) {
      entry.refused(mostRefusedTries)
      this.#fewer(attempt)
    } else if (!companions && outpaced(attempt) && this.#pace.refused(entry, attempt.retryAfterMs)) return
    else {
      if (companions && shut(attempt)) this.#limit.refused(attempt.startedAt, this.#running.size)
      else this.#limit.passed()
      this.#tellPace(entry, attempt)
      this.#keep(entry, attempt)
    }
  }

  /**
   * Whether what came of an attempt may be owed to too many connections. Hanging up without an answer is also how
   * many servers refuse a bad request: that counts only once the target has shown that it bears fewer.
   */
  #wasRefused({ refusals, outcome }: Attempt): boolean {
    if (refusals.some((how) => how !== 'econnreset')) return true
    return refusals.length > 0 && outcome.kind === 'held' && this.#limit.value < this.#options.jobs
  }

  #keep(entry: Entry<Kit>, attempt: Attempt): void {
    entry.attempts.push(attempt)
    entry.complete = !(this.#options.repeatFalls && wantsRepetition(entry.attempts))
    this.#options.observed?.(entry.check.id, attempt.outcome, !entry.complete)
  }

  #fewer(attempt: Attempt): void {
    this.#limit.refused(attempt.startedAt, this.#running.size)
    if (attempt.retryAfterMs !== null) this.#pace.pause(attempt.retryAfterMs)
    this.#sayOnce('the target refused connections while several were open: it gets fewer at a time')
  }

  #tellPace(entry: Entry<Kit>, attempt: Attempt): void {
    if (outpaced(attempt)) {
      if (this.#pace.isFruitless)
        this.#sayOnce('the target went on refusing connections, however long was waited for it')
    } else if (attempt.connections.length > 0 && this.#pace.passed(entry)) this.#sayOnce(tooFast)
  }

  #sayOnce(text: string): void {
    if (!this.#said.has(text)) this.#options.finding?.(text)
    this.#said.add(text)
  }

  // --- What a check builds on ---------------------------------------------------------------------------------------

  /** False: a check that it builds on has to be judged first, or fell. */
  #mayStart(entry: Entry<Kit>): boolean {
    return this.#parents(entry).every((parent) => {
      const outcome = parent.judged?.outcome ?? parent.observed
      return outcome !== null && !falls(outcome) && (parent.isFinal || outcome.kind === 'held')
    })
  }

  #parents(entry: Entry<Kit>): Entry<Kit>[] {
    return (entry.check.after ?? []).flatMap((id) => this.#byId.get(id) ?? [])
  }

  /** Settles what is known by now: blocked checks, and complete ones that the target has outlived. */
  #conclude(): void {
    for (const entry of this.#open()) {
      const fallen = this.#parents(entry).find(({ judged }) => judged !== null && falls(judged.outcome))
      if (fallen !== undefined && !this.#running.has(entry))
        entry.settleWith({ kind: 'blocked', by: fallen.check.id }, null)
      else if (entry.complete && this.#outlived(entry)) entry.settle()
    }
  }

  #outlived(entry: Entry<Kit>): boolean {
    const ends = entry.attempts.flatMap(({ connections, endedAt }) =>
      connections.length === 0 ? [] : [endedAt],
    )
    const last = ends.at(-1)
    return last === undefined || this.#pulse.outlived(entry.check.protocol, last + pulseMs.grace)
  }

  // --- Alone --------------------------------------------------------------------------------------------------------

  /** Nothing is under way: one of those that run alone, else a repetition, else a last look at the target. */
  async #oneAlone(): Promise<void> {
    const waiting = this.#open().filter((entry) => !entry.complete)
    const first = waiting.find((entry) => entry.attempts.length === 0 && this.#mayStart(entry))
    const again = first ?? waiting.find((entry) => entry.attempts.length > 0)
    if (again === undefined) {
      if (waiting.length > 0 && waiting.length === this.#open().length) {
        // Cannot be: what they build on is settled by now. Better an answer than a loop without an end.
        for (const entry of waiting) entry.settle()
        return
      }
      if (!(await this.#pulse.survives(pulseMs.grace + pulseMs.between))) this.#pulse.look()
      else for (const entry of this.#open()) if (entry.complete) entry.settle()
      return
    }
    if (first === undefined && this.#repetitionsLeft <= 0) {
      again.complete = true
      return
    }
    const attempt = await this.#observe(again)
    if (first === undefined) this.#repetitionsLeft -= attempt.durationMs
  }
}
