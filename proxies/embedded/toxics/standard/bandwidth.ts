import { callAt, now } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'
import { atLeast, toxic } from '#proxies/embedded/toxics/toxic'
import type { Chunk, Outlet, Pipe } from '#proxies/embedded/toxics/toxic'

interface BandwidthSettings {
  readonly [name: string]: number
  /** KB/s; a KB is 1000 bytes, so this is bytes per ms. */
  readonly rate: number
}

/** Longer chunks go out in slices of this many ms. */
const sliceMs = 100

/**
 * Lets `rate` bytes pass in each millisecond: a chunk goes out when its last byte would have. Longer chunks go out in
 * slices of 100 ms. Rate 0 lets nothing pass. Each connection and direction has the whole rate for itself.
 *
 * The schedule is absolute (each slice is due when the one before was due, or its chunk came, plus its own time), so the
 * lateness of timers does not add up, and nobody is given the time that the line stood idle.
 */
export const bandwidth = toxic<BandwidthSettings>({
  type: 'bandwidth',
  goName: 'BandwidthToxic',
  // The real server panics at a negative rate as soon as data flows.
  settings: { rate: atLeast(0, 'KB/s') },
  pipe: (out, settings) => new BandwidthPipe(out, settings),
})

/** A chunk, and when it came here: a toxic before this one may have held it for long. */
interface Waiting extends Chunk {
  readonly came: number
}

class BandwidthPipe implements Pipe<BandwidthSettings> {
  readonly #out: Outlet
  #rate: number
  #queue: Waiting[] = []
  /** When the link is free for the next slice. */
  #freeAt = 0
  #timer: Timer | null = null
  #ended = false

  constructor(out: Outlet, settings: BandwidthSettings) {
    this.#out = out
    this.#rate = settings.rate
  }

  /** One chunk is in work and one waits, so that no time is lost between them. */
  get full(): boolean {
    return this.#queue.length > 1
  }

  get due(): number | null {
    if (this.#queue.length === 0) return null
    return this.#rate === 0 ? Number.POSITIVE_INFINITY : this.#freeAt
  }

  write(chunk: Chunk): void {
    this.#queue.push({ ...chunk, came: now() })
    if (this.#queue.length === 1) this.#next()
  }

  end(): void {
    this.#ended = true
    if (this.#queue.length === 0) this.#out.end()
  }

  /** What waits goes out at once, as with the real server; the new rate holds for what comes then. */
  update(settings: BandwidthSettings): void {
    this.#rate = settings.rate
    this.#timer?.cancel()
    this.#timer = null
    // It may stand still for long behind rate 0: that time is nobody's either.
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
    this.#freeAt = Math.max(this.#freeAt, chunk.came) + size / this.#rate
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
