import { callAt, now } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'

/** A turn lasts this long at most, so that every sender gets one. */
const turnMs = 20

/** A connection that sends over the line. */
export interface Sender {
  /** Length of the next chunk, and when it arrived (ms of `now`); null if there is none. */
  readonly next: { readonly length: number; readonly arrivedAt: number } | null
  /** Called when so many bytes of that chunk have passed. */
  sent(bytes: number): void
}

/**
 * A line of `rate` bytes per ms that several senders share in turns of at most 20 ms. The schedule is absolute, so the
 * lateness of timers does not add up, and idle time is not made up for.
 */
export class SharedLine {
  #rate: number
  readonly #waiting: Sender[] = []
  #current: Sender | null = null
  #timer: Timer | null = null
  /** When the current turn started, how many bytes it sends, and when the line is free again. */
  #turnStart = 0
  #turnBytes = 0
  #freeAt = 0

  constructor(rate: number) {
    this.#rate = rate
  }

  /** When the last waiting sender has finished its turn, at the latest. */
  get due(): number {
    return this.#freeAt + this.#waiting.length * turnMs
  }

  /** The bytes of the current turn that have passed by now count as sent; the rest is sent at the new rate. */
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

  /** Adds a sender that had nothing to send before. */
  join(sender: Sender): void {
    this.#waiting.push(sender)
    if (this.#current === null) this.#start()
  }

  /** Removes a sender; the rest of its turn goes to the others. */
  leave(sender: Sender): void {
    const index = this.#waiting.indexOf(sender)
    if (index >= 0) this.#waiting.splice(index, 1)
    if (this.#current !== sender) return
    this.#stop()
    this.#waiting.shift()
    this.#freeAt = now()
    this.#start()
  }

  /** Stops the current turn; its sender becomes the first waiting one. */
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
    this.#turnStart = Math.max(this.#freeAt, chunk.arrivedAt)
    this.#turnBytes = bytes
    this.#freeAt = this.#turnStart + bytes / this.#rate
    this.#timer = callAt(this.#freeAt, () => {
      this.#timer = null
      this.#current = null
      sender.sent(bytes)
      // After those that are already waiting.
      if (sender.next !== null) this.#waiting.push(sender)
      this.#start()
    })
  }
}
