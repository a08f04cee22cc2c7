import type { Clock } from '#run/schedule/clock'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** A clock whose time passes only while nothing else happens, so that a test of a minute takes a moment. */
export class VirtualClock implements Clock {
  #now = 0
  #timers: Timer[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Lets time pass until the promise has settled: whenever nothing else happens, the next timer is due. */
  async run<T>(promise: Promise<T>): Promise<T> {
    const state = { settled: false }
    const settled = promise.finally(() => {
      state.settled = true
    })
    // Rejects to the caller below.
    settled.catch(() => undefined)
    while (!state.settled) {
      // Everything that is ready to run does so before the second of two immediates.
      await immediate()
      await immediate()
      if (!state.settled) this.#fireNext()
    }
    return settled
  }

  /** Fires the earliest timer; of several at the same time, the one that was set first. */
  #fireNext(): void {
    const [first] = this.#timers.toSorted((one, other) => one.at - other.at)
    if (first === undefined) return
    this.#timers = this.#timers.filter((timer) => timer !== first)
    this.#now = Math.max(this.#now, first.at)
    first.callback()
  }
}

function immediate(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
