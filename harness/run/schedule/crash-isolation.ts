import { Inconclusive, Violation } from '#model/errors'
import type { Outcome } from '#model/judge'
import type { Attempt } from './attempt.ts'
import type { Entry } from './entry.ts'
import { pulseMs } from './liveness.ts'
import type { Pulse } from './liveness.ts'
import type { ScheduleOptions } from './tools.ts'

/** A target that died more often is given up. */
const mostDeaths = 10

/** What a death asks of the schedule that it befell. */
export interface Bereaved<Kit> {
  readonly pulse: Pulse
  readonly options: Pick<ScheduleOptions, 'environment' | 'finding'>
  isStopped(): boolean
  /** What has not settled yet. */
  open(): readonly Entry<Kit>[]
  /** True: the target was seen alive long enough behind all that was observed of this check. */
  outlived(entry: Entry<Kit>): boolean
  /** Cuts what is under way, and waits until nothing is. */
  halt(): Promise<void>
  /** Observes a check alone. */
  attempt(entry: Entry<Kit>): Promise<Attempt>
  /** Takes what an attempt came to. */
  keep(entry: Entry<Kit>, attempt: Attempt): void
  /** Connections come more slowly from now on, behind a pause. False: that has not helped so far. */
  slowDown(): boolean
}

/** Connections that a target is asked to bear at most, before it is held to have died. */
const mostAsked = 100

/**
 * Deals with the deaths of a target. Every check that was connected then, or shortly before, is thrown away and
 * replayed alone once the target is back; the one that repeats the death is charged with it.
 */
export class Deaths<Kit> {
  readonly #of: Bereaved<Kit>
  #count = 0
  /** A death whose finding waits until it is known not to be a limit of the target's. */
  #untold = false

  constructor(of: Bereaved<Kit>) {
    this.#of = of
  }

  /** Deals with the death that the pulse has found. */
  async mourn(): Promise<void> {
    const { pulse } = this.#of
    const hard = pulse.death?.hard === true
    const asked = pulse.openings.length
    await this.#of.halt()
    pulse.forget()
    const suspects = this.#of
      .open()
      .filter((entry) => entry.lost !== null || (entry.attempts.length > 0 && !this.#of.outlived(entry)))
    for (const suspect of suspects) suspect.throwAway(suspect.attempts.at(-1) ?? suspect.lost)
    this.#count += 1
    this.#untold = hard
    const back = await this.#back()
    if (back) await this.#replayAll(suspects, hard, asked)
    else if (!this.#of.isStopped() && suspects.length > 0) this.#finding(suspicion(suspects))
    for (const suspect of suspects) suspect.lost = null
  }

  async #replayAll(suspects: readonly Entry<Kit>[], hard: boolean, asked: number): Promise<void> {
    for (const suspect of suspects) {
      if (this.#of.isStopped()) return
      const attempt = await this.#replay(suspect)
      if (attempt.survived) {
        if (!attempt.cut) this.#of.keep(suspect, attempt)
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
    if (!(await this.#bears(asked)) && this.#of.slowDown()) {
      // It lives, and takes no more than so many in a time: nothing has happened but that.
      this.#untold = false
      this.#count -= 1
      for (const suspect of suspects) if (!suspect.isFinal) suspect.throwAway(suspect.lost)
      return
    }
    this.#tell()
    for (const suspect of suspects)
      suspect.settleWith(
        died(
          'the target died while it was connected, and was not seen to die of it when it was repeated alone',
        ),
      )
  }

  /** Observes a check alone, and looks whether the target outlives it. */
  async #replay(suspect: Entry<Kit>): Promise<Attempt & { readonly survived: boolean }> {
    const attempt = await this.#of.attempt(suspect)
    const survived = await this.#of.pulse.survives(pulseMs.replay)
    this.#of.pulse.forget()
    return { ...attempt, survived }
  }

  /**
   * The target died while this check was observed alone. It did so by itself, unless it lives while nothing is
   * connected, dies again of the check, and lives with more connections than that made, in turn. Two waits of unlike
   * length: a target that dies every few seconds cannot keep time with both.
   */
  async #confirm(suspect: Entry<Kit>, durationMs: number): Promise<'repeats' | 'gone' | 'dies-by-itself'> {
    for (const times of [1, 3]) {
      const idle = await this.#livesIdle(times * durationMs)
      if (idle !== 'lives') return idle
      const again = await this.#replay(suspect)
      if (again.survived) return 'dies-by-itself'
      // A firewall, or a full queue, refuses connections for their number: the check is not to blame for that.
      const control = await this.#livesIdle(times * durationMs)
      if (control !== 'lives') return control
      if (!(await this.#bears(again.connections.length + again.refusals.length))) return 'dies-by-itself'
    }
    return 'repeats'
  }

  /** Whether the target, once it is back, lives for so long while nothing is connected. */
  async #livesIdle(ms: number): Promise<'lives' | 'gone' | 'dies-by-itself'> {
    if (!(await this.#back())) return 'gone'
    const lives = await this.#of.pulse.survives(ms + pulseMs.replay)
    this.#of.pulse.forget()
    return lives ? 'lives' : 'dies-by-itself'
  }

  /** Whether the target takes twice so many connections, with nothing said on them. */
  async #bears(count: number): Promise<boolean> {
    const { pulse } = this.#of
    const bears =
      (await pulse.bears(Math.min(mostAsked, 2 * count))) && (await pulse.survives(pulseMs.replay))
    pulse.forget()
    return bears
  }

  #charge(entry: Entry<Kit>, attempt: Attempt | null): void {
    this.#tell()
    this.#finding(`the target died of ${entry.check.id}`)
    const violation = new Violation(
      'the target goes on accepting connections',
      'the target died: right after this check it accepted no connection',
    )
    entry.settleWith({ kind: 'violated', violation }, attempt)
  }

  /** Waits for the target to come back. Where it does not, or dies too often, nothing further can be judged. */
  async #back(): Promise<boolean> {
    const { pulse, options } = this.#of
    const limit = pulseMs.recovery * Math.max(1, options.environment.timeScale)
    const tooOften = this.#count > mostDeaths
    if (!tooOften && (await pulse.recovers(limit, () => this.#of.isStopped()))) return true
    if (this.#of.isStopped()) return false
    this.#tell()
    this.#finding(tooOften ? 'the target died too often' : 'the target did not come back')
    for (const entry of this.#of.open())
      entry.settleWith(
        died(tooOften ? 'the target died too often' : 'the target died, and did not come back'),
      )
    return false
  }

  /** That it died, once for each death. */
  #tell(): void {
    if (this.#untold) this.#finding('the target died: it took no more connections')
    this.#untold = false
  }

  #finding(text: string): void {
    this.#of.options.finding?.(text)
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
