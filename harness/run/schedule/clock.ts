/** Time for everything in this folder. Tests pass a clock of their own, so that none of them waits. */
export interface Clock {
  /** Monotonic time in ms. */
  now(): number
  /** Calls back once after this many ms. Returns what cancels it. */
  after(ms: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve))
}

/** Waits that can all be ended at once. */
export class Sleepers {
  readonly #clock: Clock
  readonly #wakers = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves after this many ms, or at the next `wakeAll()`. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        this.#wakers.delete(wake)
        resolve()
      }
      const cancel = this.#clock.after(ms, wake)
      this.#wakers.add(wake)
    })
  }

  wakeAll(): void {
    for (const wake of this.#wakers) wake()
  }
}
