import { callAt, now } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'
import { atLeast, toxic } from '#proxies/embedded/toxics/toxic'
import type { Chunk, Outlet, Pipe } from '#proxies/embedded/toxics/toxic'

interface BandwidthSettings {
  readonly [name: string]: number
  /** KB/s; a KB is 1000 bytes, so this is bytes per ms. */
  readonly rate: number
}

/** Longer chunks go out in slices of this duration. */
const sliceMs = 100

/**
 * Passes `rate` bytes per millisecond: a chunk goes out when its last byte is due. Longer chunks go out in slices of
 * 100 ms. Rate 0 passes nothing. Each direction of each connection has the whole rate.
 *
 * The schedule is absolute: a slice is due when the previous one was due or its chunk arrived, whichever is later, plus its
 * own time. So the lateness of timers does not add up, and idle time is not made up for.
 */
export const bandwidth = toxic<BandwidthSettings>({
  type: 'bandwidth',
  goName: 'BandwidthToxic',
  // The real server crashes on a negative rate as soon as data flows.
  settings: { rate: atLeast(0, 'KB/s') },
  pipe: (out, settings) => new BandwidthPipe(out, settings),
})

/** A chunk, and when it arrived here: an earlier toxic may have delayed it. */
interface Waiting extends Chunk {
  readonly arrivedAt: number
}

class BandwidthPipe implements Pipe<BandwidthSettings> {
  readonly #out: Outlet
  #rate: number
  #queue: Waiting[] = []
  /** When the next slice may start (ms of `now`). */
  #freeAt = 0
  #timer: Timer | null = null
  #ended = false

  constructor(out: Outlet, settings: BandwidthSettings) {
    this.#out = out
    this.#rate = settings.rate
  }

  /** Holds the current chunk and the next one, so that no time is lost between them. */
  get full(): boolean {
    return this.#queue.length > 1
  }

  get due(): number | null {
    if (this.#queue.length === 0) return null
    return this.#rate === 0 ? Number.POSITIVE_INFINITY : this.#freeAt
  }

  write(chunk: Chunk): void {
    this.#queue.push({ ...chunk, arrivedAt: now() })
    if (this.#queue.length === 1) this.#next()
  }

  end(): void {
    this.#ended = true
    if (this.#queue.length === 0) this.#out.end()
  }

  /** The current chunk goes out at once, as in the real server. The new rate applies to later chunks. */
  update(settings: BandwidthSettings): void {
    this.#rate = settings.rate
    this.#timer?.cancel()
    this.#timer = null
    // After a time at rate 0 the schedule starts now: that time is not made up for either.
    this.#freeAt = now()
    const waiting = this.#queue.shift()
    if (waiting === undefined) return
    this.#out.write(waiting)
    this.#out.drained()
    this.#next()
  }

  release(): void {
    this.dispose()
    for (const chunk of this.#queue.splice(0)) this.#out.write(chunk)
  }

  dispose(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #next(): void {
    const chunk = this.#queue[0]
    if (chunk === undefined) {
      if (this.#ended) this.#out.end()
      return
    }
    if (this.#rate === 0) return
    const size = Math.min(chunk.data.length, this.#rate * sliceMs)
    this.#freeAt = Math.max(this.#freeAt, chunk.arrivedAt) + size / this.#rate
    this.#timer = callAt(this.#freeAt, () => {
      this.#timer = null
      this.#send(chunk, size)
      this.#next()
    })
  }

  #send(chunk: Waiting, size: number): void {
    if (size === chunk.data.length) {
      this.#queue.shift()
      this.#out.write(chunk)
      this.#out.drained()
      return
    }
    this.#queue[0] = { ...chunk, data: chunk.data.subarray(size) }
    this.#out.write({ data: chunk.data.subarray(0, size), readAt: chunk.readAt })
  }
}
