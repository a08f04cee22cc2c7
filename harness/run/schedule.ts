import { Inconclusive, Violation } from '../check/errors.ts'
import type { Outcome } from '../check/judge.ts'
import { startAttempt } from './attempt.ts'
import type { Attempt, Connection, Refusal } from './attempt.ts'
import { deferred } from './deferred.ts'
import type { Deferred } from './deferred.ts'
import { Entry, falls, shut, wantsRepetition, wasBrief, wasDropped } from './entry.ts'
import { ConcurrencyLimit } from './limit.ts'
import type { Planned } from './plan.ts'
import { Pulse, pulseMs } from './pulse.ts'
import type { RunTools, ScheduleOptions } from './tools.ts'

/** Checks that were refused this often with others beside them are observed alone. */
const mostRefusedTries = 3
/** All repetitions together, in ms: a target that fails everything slowly is not watched failing it twice. */
const repetitionsMs = 30_000
const mostDeaths = 10

/**
 * Observes planned checks, each on connections of its own, and settles each with what it came to. Up to `jobs` at
 * once; `exclusive` ones alone, behind the others; then whatever fell once more, alone. A result is thrown away, and
 * the check observed again, where the target refused connections meanwhile, or died.
 */
export class Schedule<Kit> {
  readonly entries: readonly Entry<Kit>[]
  readonly #options: ScheduleOptions
  readonly #tools: RunTools<Kit>
  readonly #byId: ReadonlyMap<string, Entry<Kit>>
  readonly #limit: ConcurrencyLimit
  readonly #pulse: Pulse
  readonly #running = new Set<Entry<Kit>>()
  /** Running entries beside which another one was started. */
  readonly #accompanied = new Set<Entry<Kit>>()
  #change: Deferred<void> = deferred()
  #stopped = false
  #deaths = 0
  #saidRefused = false
  #repetitionsLeft = repetitionsMs

  constructor(plan: readonly Planned<Kit>[], tools: RunTools<Kit>, options: ScheduleOptions) {
    this.#options = options
    this.#tools = tools
    this.#limit = new ConcurrencyLimit(options.jobs)
    this.entries = plan.map((planned) => new Entry(planned))
    this.#byId = new Map(this.entries.map((entry) => [entry.check.id, entry]))
    for (const [index, { notApplicable }] of plan.entries()) {
      if (notApplicable !== null)
        this.entries[index]?.settleWith({ kind: 'not-applicable', reason: notApplicable })
    }
    const { websocket, sse } = options.environment
    const endpoints = [websocket, sse].filter((endpoint) => endpoint !== null)
    const standing = (transport: string): Connection[] =>
      [...this.#running]
        .filter(({ check }) => check.transport === transport || check.transport === 'both')
        .flatMap(({ running }) => running?.connections ?? [])
        .filter(({ route, to }) => route === 'direct' && to === null)
    this.#pulse = new Pulse(
      endpoints,
      (endpoint, withinMs) => tools.probe(endpoint, withinMs),
      { standing },
      () => this.#changed(),
    )
  }

  /** Stops at once: what is under way is cut, and what was not judged settles with null. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    for (const { running } of this.#running) running?.cut()
    this.#changed()
  }

  /** Runs until every entry has settled. Never rejects. */
  async run(): Promise<void> {
    while (!this.#stopped && this.#open().length > 0) {
      if (this.#pulse.death !== null) await this.#mourn()
      this.#conclude()
      if (!this.#pulse.looking && this.#pulse.death === null) this.#startReady()
      if (this.#running.size > 0 || this.#pulse.looking) await this.#nextChange()
      else if (this.#pulse.death === null) await this.#oneAlone()
    }
    while (this.#running.size > 0) await this.#nextChange()
    await this.#pulse.settled()
    for (const entry of this.#open()) entry.settle()
  }

  #open(): Entry<Kit>[] {
    return this.entries.filter((entry) => !entry.isFinal)
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
      if (this.#stopped || this.#running.size >= this.#limit.value) return
      if (
        !entry.isFinal &&
        entry.running === null &&
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
    const { environment, budget } = this.#options
    this.#running.add(entry)
    this.#options.started?.(entry.check.id)
    entry.running = startAttempt(entry.check, this.#tools, environment, budget(entry.check), {
      opened: ({ route }) => void (route === 'direct' && this.#pulse.opened(entry.check.transport)),
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
    } else {
      if (companions && shut(attempt)) this.#limit.refused(attempt.startedAt, this.#running.size)
      else this.#limit.passed()
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
    if (!this.#saidRefused)
      this.#options.finding?.(
        'the target refused connections while several were open: it gets fewer at a time',
      )
    this.#saidRefused = true
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
      if (fallen !== undefined && entry.running === null)
        entry.settleWith({ kind: 'blocked', by: fallen.check.id }, null)
      else if (entry.complete && this.#outlived(entry)) entry.settle()
    }
  }

  #outlived(entry: Entry<Kit>): boolean {
    const ends = entry.attempts.flatMap(({ connections, endedAt }) =>
      connections.length === 0 ? [] : [endedAt],
    )
    const last = ends.at(-1)
    return last === undefined || this.#pulse.outlived(entry.check.transport, last + pulseMs.grace)
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

  // --- Death --------------------------------------------------------------------------------------------------------

  /**
   * The target died. Every check that was connected then, or shortly before, is thrown away and replayed alone once
   * the target is back; the one that repeats the death is charged with it.
   */
  async #mourn(): Promise<void> {
    const hard = this.#pulse.death?.hard === true
    for (const { running } of this.#running) running?.cut()
    while (this.#running.size > 0) await this.#nextChange()
    this.#pulse.forget()
    const suspects = this.#open().filter(
      (entry) => entry.lost !== null || (entry.attempts.length > 0 && !this.#outlived(entry)),
    )
    for (const suspect of suspects) suspect.throwAway(suspect.attempts.at(-1) ?? suspect.lost)
    this.#deaths += 1
    if (hard) this.#options.finding?.('the target died: it took no more connections')
    const back = await this.#back()
    if (back) await this.#replayAll(suspects, hard)
    else if (!this.#stopped && suspects.length > 0) this.#options.finding?.(suspicion(suspects))
    for (const suspect of suspects) suspect.lost = null
  }

  async #replayAll(suspects: readonly Entry<Kit>[], hard: boolean): Promise<void> {
    for (const suspect of suspects) {
      if (this.#stopped) return
      const attempt = await this.#replay(suspect)
      if (attempt.survived) {
        if (!attempt.cut) this.#keep(suspect, attempt)
        continue
      }
      const guilt = await this.#confirm(suspect, attempt.durationMs)
      if (guilt === 'dies-by-itself') {
        if (!(await this.#back())) return
        break
      }
      // It is known who did it: the others are observed again as if nothing had happened.
      this.#charge(suspect, attempt)
      for (const other of suspects) if (!other.isFinal) other.throwAway(other.lost)
      if (guilt === 'repeats') await this.#back()
      return
    }
    if (!hard) return
    for (const suspect of suspects)
      suspect.settleWith(
        died(
          'the target died while it was connected, and was not seen to die of it when it was repeated alone',
        ),
      )
  }

  /** Observes a check alone, and looks whether the target outlives it. */
  async #replay(suspect: Entry<Kit>): Promise<Attempt & { readonly survived: boolean }> {
    const attempt = await this.#attempt(suspect)
    this.#running.delete(suspect)
    const survived = await this.#pulse.survives(pulseMs.replay)
    this.#pulse.forget()
    return { ...attempt, survived }
  }

  /**
   * The target died while this check was observed alone. It did so by itself, unless it lives while nothing is
   * connected, and dies again of the check, in turn. Two waits of unlike length: a target that dies every few seconds
   * cannot keep time with both.
   */
  async #confirm(suspect: Entry<Kit>, durationMs: number): Promise<'repeats' | 'gone' | 'dies-by-itself'> {
    for (const times of [1, 3]) {
      if (!(await this.#back())) return 'gone'
      const lives = await this.#pulse.survives(times * durationMs + pulseMs.replay)
      this.#pulse.forget()
      if (!lives || (await this.#replay(suspect)).survived) return 'dies-by-itself'
    }
    return 'repeats'
  }

  #charge(entry: Entry<Kit>, attempt: Attempt | null): void {
    this.#options.finding?.(`the target died of ${entry.check.id}`)
    const violation = new Violation(
      'the target goes on accepting connections',
      'the target died: right after this check it accepted no connection',
    )
    entry.settleWith({ kind: 'violated', violation }, attempt)
  }

  /** Waits for the target to come back. Where it does not, or dies too often, nothing further can be judged. */
  async #back(): Promise<boolean> {
    const limit = pulseMs.recovery * Math.max(1, this.#options.environment.timeScale)
    if (this.#deaths <= mostDeaths && (await this.#pulse.recovers(limit, () => this.#stopped))) return true
    if (this.#stopped) return false
    const end = this.#deaths > mostDeaths ? 'died too often' : 'did not come back'
    this.#options.finding?.(`the target ${end}`)
    for (const entry of this.#open())
      entry.settleWith(
        died(
          this.#deaths > mostDeaths ? 'the target died too often' : 'the target died, and did not come back',
        ),
      )
    return false
  }
}

/** Who may have killed a target that cannot be asked again. */
function suspicion(suspects: readonly { readonly check: { readonly id: string } }[]): string {
  const ids = suspects.map(({ check }) => check.id)
  return `connected when it died, or just before: ${ids.join(', ')}; try them one at a time with --only`
}

function died(detail: string): Outcome {
  return { kind: 'inconclusive', cause: new Inconclusive('target-died', detail) }
}
