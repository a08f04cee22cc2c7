import { callAt, now } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'
import { atLeast, toxic } from '#proxies/embedded/toxics/toxic'
import type { Chunk } from '#proxies/embedded/toxics/toxic'

interface StallSettings {
  readonly [name: string]: number
  /** Bytes of this direction that pass before it stalls. */
  readonly bytes: number
  /** How long, in ms. */
  readonly duration: number
}

/**
 * Passes `bytes` bytes, then nothing for `duration` ms, then everything; nothing is lost. The source is not read meanwhile,
 * so the sender sees a receiver that has stopped reading. Not in Toxiproxy.
 */
export const stall = toxic<StallSettings>({
  type: 'stall',
  goName: 'StallToxic',
  settings: { bytes: atLeast(0, 'bytes'), duration: atLeast(0, 'ms') },
  pipe: (out, settings) => {
    let { bytes, duration } = settings
    let passed = 0
    let since: number | null = null
    let isOver = false
    let hasEnded = false
    let timer: Timer | null = null
    const held: Chunk[] = []
    const pass = (chunk: Chunk): void => {
      passed += chunk.data.length
      out.write(chunk)
    }
    const resume = (): void => {
      timer?.cancel()
      timer = null
      isOver = true
      for (const chunk of held.splice(0)) pass(chunk)
      out.drained()
      if (hasEnded) out.end()
    }
    const wait = (): void => {
      timer?.cancel()
      timer = callAt((since ??= now()) + duration, resume)
    }
    return {
      get full() {
        return held.length > 0
      },
      get due() {
        return held.length === 0 || since === null ? null : since + duration
      },
      write: (chunk) => {
        const left = Math.max(0, bytes - passed)
        if (isOver || (since === null && chunk.data.length <= left)) {
          pass(chunk)
          return
        }
        const passing = since === null ? left : 0
        if (passing > 0) pass({ data: chunk.data.subarray(0, passing), readAt: chunk.readAt })
        held.push({ data: chunk.data.subarray(passing), readAt: chunk.readAt })
        if (since === null) wait()
      },
      end: () => {
        hasEnded = true
        if (held.length === 0) out.end()
      },
      update: (changed) => {
        ;({ bytes, duration } = changed)
        if (since !== null && !isOver) wait()
      },
      release: () => {
        timer?.cancel()
        for (const chunk of held.splice(0)) out.write(chunk)
      },
      dispose: () => timer?.cancel(),
    }
  },
})
