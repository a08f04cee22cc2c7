import { callAt, now } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'

/** A turn lasts this long at most, in ms, so that all get theirs. */
const turnMs = 20

/** One who has bytes for the line. */
export interface Sender {
  /** How many bytes the chunk has that is next, and when it came (ms of `now`); null: there is none. */
  readonly next: { readonly length: number; readonly came: number } | null
  /** So many bytes of that chunk have passed. */
  sent(bytes: number): void
}

/**
 * A line of so many bytes per ms that several share, in turns: each sends for 20 ms at most, then the one behind it. The
 * schedule is absolute, so the lateness of timers does not add up, and a line that stood idle gives nobody that time.
 */
export class SharedLine {
  #rate: number
  readonly #waiting: Sender[] = []
  #current: Sender | null = null
  #timer: Timer | null = null
  /** When the turn began, how many bytes it is for, and when the line is free again. */
  #turnStart = 0
  #turnBytes = 0
  #freeAt = 0

  constructor(rate: number) {
    this.#rate = rate
  }

  /** When the one who is last in the line has had his turn, at the latest. */
  get due(): number {
    return this.#freeAt + this.#waiting.length * turnMs
  }

  /** What has passed of a turn until now has passed; the rest goes on with the new rate. */
  set rate(rate: number) {
    if (rate === this.#rate) return
    const current = this.#current
    if (current !== null) {
      const passed = Math.floor(Math.max(0, now() - this.#turnStart) * this.#rate)
      const bytes = Math.min(this.#turnBytes - 1, passed)
      this.#stop()
      this.#freeAt = this.#turnStart + bytes / this.#rate
      if (bytes > 0) current.sent(bytes)
    }
    this.#rate = rate
    if (this.#current === null) this.#start()
  }

  /** For one who had nothing to send before. */
  join(sender: Sender): void {
    this.#waiting.push(sender)
    if (this.#current === null) this.#start()
  }

  /** What is left of its turn goes to the others. */
  leave(sender: Sender): void {
    const place = this.#waiting.indexOf(sender)
    if (place >= 0) this.#waiting.splice(place, 1)
    if (this.#current !== sender) return
    this.#stop()
    this.#waiting.shift()
    this.#freeAt = now()
    this.#start()
  }

  /** The one in its turn is the first to wait again. */
  #stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    if (this.#current !== null) this.#waiting.unshift(this.#current)
    this.#current = null
  }

  #start(): void {
    const sender = this.#waiting.shift()
    const chunk = sender?.next ?? null
    if (sender === undefined || chunk === null) return
    const bytes = Math.max(1, Math.min(chunk.length, Math.floor(this.#rate * turnMs)))
    this.#current = sender
    this.#turnStart = Math.max(this.#freeAt, chunk.came)
    this.#turnBytes = bytes
    this.#freeAt = this.#turnStart + bytes / this.#rate
    this.#timer = callAt(this.#freeAt, () => {
      this.#timer = null
      this.#current = null
      sender.sent(bytes)
      // Behind those who wait already.
      if (sender.next !== null) this.#waiting.push(sender)
      this.#start()
    })
  }
}
