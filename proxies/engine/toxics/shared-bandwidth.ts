import { at, now } from '../clock.ts'
import type { Timer } from '../clock.ts'
import { atLeast, toxic } from './toxic.ts'
import type { Chunk } from './toxic.ts'

interface SharedBandwidthSettings {
  readonly [name: string]: number
  /** KB/s of 1000 bytes, for all connections of the proxy together. */
  readonly rate: number
}

/** A turn lasts this long at most, so that connections take turns. */
const turnMs = 20

/** When the line is free again, by the toxic that it belongs to. */
const lines = new WeakMap<object, { free: number }>()

/** As `bandwidth`, but one line that all connections of the proxy share in this direction. Not in Toxiproxy. */
export const sharedBandwidth = toxic<SharedBandwidthSettings>({
  type: 'shared_bandwidth',
  goName: 'SharedBandwidthToxic',
  settings: { rate: atLeast(1, 'KB/s') },
  pipe: (out, settings) => {
    let rate = settings.rate
    let timer: Timer | null = null
    let due = 0
    let hasEnded = false
    const held: Chunk[] = []
    const line = lines.get(out.toxic) ?? { free: 0 }
    lines.set(out.toxic, line)
    const next = (): void => {
      const chunk = held[0]
      if (chunk === undefined) {
        if (hasEnded) out.end()
        else out.drained()
        return
      }
      const size = Math.max(1, Math.min(chunk.data.length, Math.floor(rate * turnMs)))
      line.free = Math.max(line.free, now()) + size / rate
      due = line.free
      timer = at(due, () => {
        timer = null
        if (size === chunk.data.length) held.shift()
        else held[0] = { data: chunk.data.subarray(size), at: chunk.at }
        out.write({ data: chunk.data.subarray(0, size), at: chunk.at })
        next()
      })
    }
    return {
      get full() {
        return held.length > 1
      },
      get due() {
        return timer === null ? null : due
      },
      write: (chunk) => {
        held.push(chunk)
        if (timer === null) next()
      },
      end: () => {
        hasEnded = true
        if (held.length === 0) out.end()
      },
      update: (changed) => {
        rate = changed.rate
        line.free = now()
        timer?.cancel()
        timer = null
        if (held.length > 0) next()
      },
      release: () => {
        timer?.cancel()
        for (const chunk of held.splice(0)) out.write(chunk)
      },
      dispose: () => timer?.cancel(),
    }
  },
})
