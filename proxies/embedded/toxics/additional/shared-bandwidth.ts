import { now } from '#proxies/embedded/proxy/clock'
import { SharedLine } from './shared-line.ts'
import type { Sender } from './shared-line.ts'
import { atLeast, toxic } from '#proxies/embedded/toxics/toxic'
import type { Chunk, Outlet, Pipe } from '#proxies/embedded/toxics/toxic'

interface SharedBandwidthSettings {
  readonly [name: string]: number
  /** KB/s of 1000 bytes, for all connections of the proxy together. */
  readonly rate: number
}

/** One line for each toxic. */
const lines = new WeakMap<object, SharedLine>()

/** Like `bandwidth`, but all connections of the proxy share one line in this direction. Not in Toxiproxy. */
export const sharedBandwidth = toxic<SharedBandwidthSettings>({
  type: 'shared_bandwidth',
  goName: 'SharedBandwidthToxic',
  settings: { rate: atLeast(1, 'KB/s') },
  pipe: (out, { rate }) => {
    const line = lines.get(out.toxic) ?? new SharedLine(rate)
    lines.set(out.toxic, line)
    // The rate may have changed while no connection used the line.
    line.rate = rate
    return new SharedBandwidthPipe(out, line)
  },
})

class SharedBandwidthPipe implements Pipe<SharedBandwidthSettings>, Sender {
  readonly #out: Outlet
  readonly #line: SharedLine
  readonly #held: { readonly chunk: Chunk; readonly arrivedAt: number }[] = []
  #hasEnded = false

  constructor(out: Outlet, line: SharedLine) {
    this.#out = out
    this.#line = line
  }

  /** Holds the current chunk and the next one, so that no time is lost between them. */
  get full(): boolean {
    return this.#held.length > 1
  }

  get due(): number | null {
    return this.#held.length === 0 ? null : this.#line.due
  }

  get next(): { readonly length: number; readonly arrivedAt: number } | null {
    const first = this.#held[0]
    return first === undefined ? null : { length: first.chunk.data.length, arrivedAt: first.arrivedAt }
  }

  write(chunk: Chunk): void {
    this.#held.push({ chunk, arrivedAt: now() })
    if (this.#held.length === 1) this.#line.join(this)
  }

  sent(bytes: number): void {
    const first = this.#held[0]
    if (first === undefined) return
    const { data, readAt: at } = first.chunk
    if (bytes === data.length) this.#held.shift()
    else this.#held[0] = { ...first, chunk: { data: data.subarray(bytes), readAt: at } }
    this.#out.write({ data: data.subarray(0, bytes), readAt: at })
    if (this.#held.length === 0 && this.#hasEnded) this.#out.end()
    else this.#out.drained()
  }

  end(): void {
    this.#hasEnded = true
    if (this.#held.length === 0) this.#out.end()
  }

  update({ rate }: SharedBandwidthSettings): void {
    this.#line.rate = rate
  }

  release(): void {
    const held = this.#held.splice(0)
    this.#line.leave(this)
    for (const { chunk } of held) this.#out.write(chunk)
  }

  dispose(): void {
    this.#held.length = 0
    this.#line.leave(this)
  }
}
