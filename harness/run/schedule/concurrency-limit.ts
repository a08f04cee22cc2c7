/** The limit is divided by this when the target refuses a connection: halving finds a low limit in a few refusals. */
const reductionFactor = 2

/** Successes per slot before the limit rises by one: it rises much more slowly than it sinks, so it settles. */
const successesPerSlot = 3

/** How many checks may run at once. A target that refuses connections gets half as many, then gradually more again. */
export class ConcurrencyLimit {
  readonly #max: number
  #value: number
  #successes = 0
  #loweredAt = Number.NEGATIVE_INFINITY

  /** @param max the limit at the start, which is never exceeded. */
  constructor(max: number) {
    this.#max = max
    this.#value = max
  }

  get value(): number {
    return this.#value
  }

  /** True: the target has shown that it accepts fewer connections than the run wanted. */
  get isLowered(): boolean {
    return this.#value < this.#max
  }

  /** An attempt ended without a refusal. */
  succeeded(): void {
    this.#successes += 1
    if (this.#successes < this.#value * successesPerSlot || !this.isLowered) return
    this.#successes = 0
    this.#value += 1
  }

  /**
   * An attempt was refused a connection. If it began before the limit was last lowered, it says nothing about the
   * present limit, and nothing changes.
   * @param running the checks that ran at that time.
   */
  refused(startedAt: number, running: number, now: number): void {
    this.#successes = 0
    if (startedAt <= this.#loweredAt) return
    this.#loweredAt = now
    this.#value = Math.max(1, Math.floor(Math.min(running, this.#value) / reductionFactor))
  }
}

/**
 * Whether one more check may use its target, by the limits of the drivers.
 * @param target the target that the check is about; null: all of them.
 * @param running the targets of the running checks, in the same way.
 * @param limits the most checks at once, by the index of the target; null: no limit.
 */
export function hasFreeSlot(
  target: number | null,
  running: readonly (number | null)[],
  limits: readonly (number | null)[],
): boolean {
  return limits.every((limit, index) => {
    if (limit === null || (target !== null && target !== index)) return true
    return running.filter((used) => used === null || used === index).length < limit
  })
}
