import { callAt, now } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'
import { randomOffset } from '#proxies/embedded/proxy/random'
import { atLeast, toxic } from '#proxies/embedded/toxics/toxic'
import type { Chunk, Outlet, Pipe } from '#proxies/embedded/toxics/toxic'

interface SlicerSettings {
  readonly [name: string]: number
  readonly average_size: number
  readonly size_variation: number
  /** Microseconds after each piece. */
  readonly delay: number
}

/** Without a delay, pieces sent in one turn of the event loop, so that a slicer does not block other connections. */
const turnLimit = 64

/** Cuts each chunk into pieces that are written separately. */
export const slicer = toxic<SlicerSettings>({
  type: 'slicer',
  goName: 'SlicerToxic',
  // The real server crashes on the default average of 0 with any data, and on a variation above the average.
  settings: {
    average_size: atLeast(1, 'bytes'),
    size_variation: atLeast(0, 'bytes'),
    delay: atLeast(0, 'us'),
  },
  check: (settings) =>
    settings.size_variation > settings.average_size ? 'size_variation must not be above average_size' : null,
  pipe: (out, settings) => new SlicerPipe(out, settings),
})

class SlicerPipe implements Pipe<SlicerSettings> {
  readonly #out: Outlet
  #settings: SlicerSettings
  #queue: Chunk[] = []
  /** Ranges of the first chunk that are still to be halved or sent, the next one last. */
  #ranges: (readonly [number, number])[] = []
  #timer: Timer | null = null
  #due = 0
  #ended = false

  constructor(out: Outlet, settings: SlicerSettings) {
    this.#out = out
    this.#settings = settings
  }

  get full(): boolean {
    return this.#queue.length > 0
  }

  get due(): number | null {
    return this.#timer === null ? null : this.#due
  }

  write(chunk: Chunk): void {
    this.#queue.push(chunk)
    if (this.#queue.length === 1) {
      this.#ranges = [[0, chunk.data.length]]
      if (this.#timer === null) this.#send()
    }
  }

  end(): void {
    this.#ended = true
    if (this.#queue.length === 0 && this.#timer === null) this.#out.end()
  }

  update(settings: SlicerSettings): void {
    this.#settings = settings
    if (this.#timer === null) return
    this.dispose()
    this.#flushFirst()
    this.#send()
  }

  release(): void {
    this.dispose()
    while (this.#queue.length > 0) this.#flushFirst()
  }

  dispose(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  /** Passes on the rest of the current chunk in one piece. */
  #flushFirst(): void {
    const chunk = this.#queue.shift()
    const from = this.#ranges.at(-1)?.[0]
    if (chunk !== undefined && from !== undefined)
      this.#out.write({ data: chunk.data.subarray(from), readAt: chunk.readAt })
    this.#begin()
  }

  #begin(): void {
    const next = this.#queue[0]
    this.#ranges = next === undefined ? [] : [[0, next.data.length]]
  }

  #send(): void {
    for (let sent = 0; ; sent++) {
      const chunk = this.#queue[0]
      if (chunk === undefined) break
      if (sent === turnLimit) {
        this.#pause(now())
        return
      }
      const [from, to] = this.#nextPiece()
      this.#out.write({ data: chunk.data.subarray(from, to), readAt: chunk.readAt })
      if (this.#ranges.length === 0) {
        this.#queue.shift()
        this.#begin()
      }
      if (this.#settings.delay > 0) {
        this.#pause(now() + this.#settings.delay / 1000)
        return
      }
    }
    if (this.#ended) this.#out.end()
    else this.#out.drained()
  }

  #pause(until: number): void {
    this.#due = until
    this.#timer = callAt(until, () => {
      this.#timer = null
      this.#send()
    })
  }

  /** Halves the next range, shifted by the variation, until it is small enough, as the real server does. */
  #nextPiece(): readonly [number, number] {
    const { average_size: average, size_variation: variation } = this.#settings
    for (;;) {
      const range = this.#ranges.pop() ?? [0, 0]
      const [from, to] = range
      if (to - from - average <= variation) return range
      const middle = from + Math.floor((to - from) / 2) + randomOffset(this.#out.random, variation)
      if (middle <= from || middle >= to) return range
      this.#ranges.push([middle, to], [from, middle])
    }
  }
}
