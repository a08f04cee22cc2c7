/**
 * How many checks may be under observation at once. A target that refuses connections gets half as many, and one
 * more again after a while without a refusal.
 */
export class ConcurrencyLimit {
  readonly #most: number
  #now: number
  #good = 0
  #loweredAt = Number.NEGATIVE_INFINITY

  constructor(most: number) {
    this.#most = most
    this.#now = most
  }

  get value(): number {
    return this.#now
  }

  /** An attempt ended without a refusal. */
  passed(): void {
    this.#good += 1
    if (this.#good < this.#now * 3 || this.#now >= this.#most) return
    this.#good = 0
    this.#now += 1
  }

  /** An attempt was refused. One that began before the last change tells nothing about the number after it. */
  refused(startedAt: number, active: number): boolean {
    this.#good = 0
    if (startedAt <= this.#loweredAt) return false
    this.#loweredAt = performance.now()
    this.#now = Math.max(1, Math.floor(Math.min(active, this.#now) / 2))
    return true
  }
}
