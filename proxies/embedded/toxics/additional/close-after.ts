import { callAt, now } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'
import { atLeast, toxic } from '#proxies/embedded/toxics/toxic'

interface CloseAfterSettings {
  readonly [name: string]: number
  /** ms after the first data of this direction. */
  readonly after: number
}

/** Passes data on, and closes the connection a time after the first data, although more flows. Not in Toxiproxy. */
export const closeAfter = toxic<CloseAfterSettings>({
  type: 'close_after',
  goName: 'CloseAfterToxic',
  settings: { after: atLeast(0, 'ms') },
  pipe: (out, settings) => {
    let after = settings.after
    let since: number | null = null
    let timer: Timer | null = null
    const restartTimer = (): void => {
      timer?.cancel()
      if (since !== null) timer = callAt(since + after, () => out.cut())
    }
    return {
      full: false,
      due: null,
      write: (chunk) => {
        out.write(chunk)
        if (since !== null) return
        since = now()
        restartTimer()
      },
      end: () => out.end(),
      update: (changed) => {
        after = changed.after
        restartTimer()
      },
      release: () => undefined,
      dispose: () => timer?.cancel(),
    }
  },
})
