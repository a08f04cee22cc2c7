import { callAt } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'
import { randomOffset } from '#proxies/embedded/proxy/random'
import { anyNumber, toxic } from '#proxies/embedded/toxics/toxic'
import type { Chunk, Outlet, Pipe } from '#proxies/embedded/toxics/toxic'

interface LatencySettings {
  readonly [name: string]: number
  /** ms added to each chunk. */
  readonly latency: number
  /** ms, uniform to either side. */
  readonly jitter: number
}

/** Chunks held at most, as in the real server; then the source is not read. */
const chunkLimit = 1024
/** Bytes held at most. */
const byteLimit = 32 * 1024 * 1024

/**
 * Passes each chunk on at the time it was read plus the delay. Delays overlap and the order is kept, so a chunk with much
 * jitter also delays the next ones. The end of the direction is not delayed, but follows the data.
 */
export const latency = toxic<LatencySettings>({
  type: 'latency',
  goName: 'LatencyToxic',
  settings: { latency: anyNumber('ms'), jitter: anyNumber('ms') },
  pipe: (out, settings) => new LatencyPipe(out, settings),
})

class LatencyPipe implements Pipe<LatencySettings> {
  readonly #out: Outlet
  #settings: LatencySettings
  /** Chunks from index `#first` on are waiting; those before have gone out. */
  #queue: Chunk[] = []
  #first = 0
  #bytes = 0
  #due = 0
  #timer: Timer | null = null
  #ended = false

  constructor(out: Outlet, settings: LatencySettings) {
    this.#out = out
    this.#settings = settings
  }

  get full(): boolean {
    return this.#queue.length - this.#first >= chunkLimit || this.#bytes >= byteLimit
  }

  get due(): number | null {
    return this.#timer === null ? null : this.#due
  }

  write(chunk: Chunk): void {
    this.#queue.push(chunk)
    this.#bytes += chunk.data.length
    if (this.#timer === null) this.#wait()
  }

  end(): void {
    this.#ended = true
    if (this.#timer === null) this.#out.end()
  }

  /** The next chunk goes out at once; the new settings apply to the others. */
  update(settings: LatencySettings): void {
    this.#settings = settings
    if (this.#timer === null) return
    this.#timer.cancel()
    this.#timer = null
    this.#pass(this.#queue[this.#first]?.readAt ?? 0)
    this.#wait()
  }

  release(): void {
    this.dispose()
    while (this.#first < this.#queue.length) this.#pass(this.#queue[this.#first]?.readAt ?? 0)
  }

  dispose(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  /** Passes on the chunks that are due, and sets the timer for the first one that is not. */
  #wait(): void {
    const wasFull = this.full
    for (;;) {
      const next = this.#queue[this.#first]
      if (next === undefined) break
      this.#due = Math.max(
        next.readAt,
        next.readAt + this.#settings.latency + randomOffset(this.#out.random, this.#settings.jitter),
      )
      if (this.#due > performance.now()) {
        this.#timer = callAt(this.#due, () => {
          this.#timer = null
          this.#pass(this.#due)
          this.#wait()
        })
        break
      }
      this.#pass(this.#due)
    }
    if (wasFull && !this.full) this.#out.drained()
    if (this.#ended && this.#timer === null) this.#out.end()
  }

  #pass(readAt: number): void {
    const wasFull = this.full
    const chunk = this.#queue[this.#first]
    if (chunk === undefined) return
    this.#first++
    this.#bytes -= chunk.data.length
    if (this.#first === this.#queue.length || this.#first >= chunkLimit) {
      this.#queue = this.#queue.slice(this.#first)
      this.#first = 0
    }
    this.#out.write({ data: chunk.data, readAt })
    if (wasFull && !this.full) this.#out.drained()
  }
}
