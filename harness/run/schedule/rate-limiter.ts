/** How long connections are held back, and how far apart they come at most; in ms. */
const paceMs = {
  /** Between two connections, from the first refusal that no other connection explains. Doubles with each further. */
  firstGap: 50,
  mostGap: 1000,
  /** The first pause where the target names none. Doubles with each further one of the same check. */
  firstPause: 250,
  /** No pause is longer, whatever `Retry-After` asks for. */
  mostPause: 5000,
  /** All pauses together. */
  allPauses: 180_000,
} as const

/** A check that was refused behind so many pauses is not waited for any longer. */
const mostPauses = 6
/** Nor is any other, once so many in a row were not; until a target takes connections again. */
const mostFruitless = 3
/** Connections of a check for which its time budget has room while they come at intervals. */
const roomFor = 40

/** What pauses were made for one owner. */
interface Waiting {
  pauses: number
  /** The gap before the first of them. */
  readonly gapBefore: number
}

/**
 * When the next connection may begin. A target that refuses connections although no other is beside them limits how
 * fast they come: they come at intervals then, behind a pause. Where that does not help, nothing is waited for.
 */
export class Pace {
  readonly #changed: () => void
  readonly #now: () => number
  readonly #waiting = new Map<object, Waiting>()
  /** Whom to wake where all waiting ends. */
  readonly #sleepers = new Set<() => void>()
  #gap = 0
  #next = Number.NEGATIVE_INFINITY
  #heldUntil = Number.NEGATIVE_INFINITY
  #pausesLeft: number = paceMs.allPauses
  #fruitless = 0
  #stopped = false

  /**
   * @param changed called when a pause is over.
   * @param now a monotonic clock, in ms.
   */
  constructor(changed: () => void, now: () => number = () => performance.now()) {
    this.#changed = changed
    this.#now = now
  }

  /** Between two connections, in ms; 0 where the target takes them as they come. */
  get gapMs(): number {
    return this.#gap
  }

  /** What a time budget needs beyond the usual, in ms. */
  get roomMs(): number {
    return this.#gap * roomFor
  }

  /** How long the pause still takes that is being made, in ms, and nothing should be started; 0 where none is. */
  get heldMs(): number {
    return this.#stopped ? 0 : Math.max(0, this.#heldUntil - this.#now())
  }

  /** True: pauses are of no use with this target. */
  get isFruitless(): boolean {
    return this.#fruitless >= mostFruitless || this.#pausesLeft <= 0
  }

  /** Waits until one more connection may begin. Never rejects. */
  async turn(): Promise<void> {
    for (;;) {
      const now = this.#now()
      if (this.#stopped || now >= this.#next) {
        this.#next = now + this.#gap
        return
      }
      await this.#sleep(this.#next - now)
    }
  }

  /** Nothing is started for as long as the target asks for, within limits. */
  pause(ms: number): void {
    const now = this.#now()
    const until = now + Math.min(ms, paceMs.mostPause, this.#pausesLeft)
    if (this.#stopped || until <= this.#heldUntil) return
    const wasHeld = this.#heldUntil > now
    this.#pausesLeft -= until - Math.max(now, this.#heldUntil)
    this.#heldUntil = until
    if (!wasHeld) void this.#hold()
  }

  /**
   * A check was refused with none beside it. Connections come more slowly, behind a pause.
   * @param owner the check.
   * @param retryAfterMs what the target asked for, or null.
   * @returns false where that was of no use: the refusal is what the check came to.
   */
  refused(owner: object, retryAfterMs: number | null): boolean {
    const known = this.#waiting.get(owner) ?? { pauses: 0, gapBefore: this.#gap }
    this.#waiting.set(owner, known)
    if (this.isFruitless || this.#stopped) return false
    known.pauses += 1
    if (known.pauses > mostPauses) {
      if (known.pauses > mostPauses + 1) return false
      this.#fruitless += 1
      // It is not their pace that it is refused for.
      this.#gap = known.gapBefore
      return false
    }
    this.pause(retryAfterMs ?? paceMs.firstPause * 2 ** (known.pauses - 1))
    this.#gap = Math.min(paceMs.mostGap, Math.max(paceMs.firstGap, this.#gap * 2))
    return true
  }

  /**
   * A check got all the connections that it asked for.
   * @returns true where pauses had been made for it: it is the pace that the target limits.
   */
  passed(owner: object): boolean {
    this.#fruitless = 0
    return (this.#waiting.get(owner)?.pauses ?? 0) > 0
  }

  /** Ends all waiting, now and later. */
  stop(): void {
    this.#stopped = true
    for (const wake of this.#sleepers) wake()
  }

  async #hold(): Promise<void> {
    while (this.heldMs > 0) await this.#sleep(this.heldMs)
    this.#changed()
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#sleepers.add(wake)
    })
  }
}
