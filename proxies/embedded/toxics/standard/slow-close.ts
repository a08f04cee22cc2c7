import { callAt, now } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'
import { anyNumber, toxic } from '#proxies/embedded/toxics/toxic'

interface SlowCloseSettings {
  readonly [name: string]: number
  /** ms between the end of the source and the closing of the destination. */
  readonly delay: number
}

/** Passes data on, and delays the closing of the destination. */
export const slowClose = toxic<SlowCloseSettings>({
  type: 'slow_close',
  goName: 'SlowCloseToxic',
  settings: { delay: anyNumber('ms') },
  pipe: (out, settings) => {
    let delay = settings.delay
    let timer: Timer | null = null
    let endedAt = 0
    const wait = (): void => {
      timer = callAt(endedAt + delay, () => {
        out.end()
      })
    }
    return {
      full: false,
      get due() {
        return timer === null ? null : endedAt + delay
      },
      write: (chunk) => out.write(chunk),
      end: () => {
        endedAt = now()
        wait()
      },
      update: (changed) => {
        delay = changed.delay
        if (timer === null) return
        timer.cancel()
        wait()
      },
      release: () => timer?.cancel(),
      dispose: () => timer?.cancel(),
    }
  },
})
