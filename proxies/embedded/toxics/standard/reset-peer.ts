import { callAt, now } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'
import { anyNumber, toxic } from '#proxies/embedded/toxics/toxic'
import type { Chunk } from '#proxies/embedded/toxics/toxic'

interface ResetPeerSettings {
  readonly [name: string]: number
  /** ms between the first data (or the end) of this direction and the reset. */
  readonly timeout: number
}

/**
 * Waits for the first chunk or the end of its direction, then for `timeout`, then closes both sides with RST. The chunk does
 * not arrive. A silent connection is not reset. If the toxic is removed before the reset, it passes on what it held.
 */
export const resetPeer = toxic<ResetPeerSettings>({
  type: 'reset_peer',
  goName: 'ResetToxic',
  settings: { timeout: anyNumber('ms') },
  pipe: (out, settings) => {
    let delay = settings.timeout
    let timer: Timer | null = null
    let armedAt = 0
    const held: Chunk[] = []
    const wait = (): void => {
      timer?.cancel()
      if (delay <= 0) out.reset()
      else timer = callAt(armedAt + delay, () => out.reset())
    }
    const arm = (): void => {
      if (armedAt !== 0) return
      armedAt = now()
      wait()
    }
    return {
      get full() {
        return held.length > 0
      },
      get due() {
        return armedAt === 0 ? null : armedAt + delay
      },
      write: (chunk) => {
        held.push(chunk)
        arm()
      },
      end: arm,
      update: (changed) => {
        delay = changed.timeout
        if (armedAt !== 0) wait()
      },
      release: () => {
        timer?.cancel()
        for (const chunk of held.splice(0)) out.write(chunk)
      },
      dispose: () => timer?.cancel(),
    }
  },
})
