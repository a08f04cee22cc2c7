import { callAt, now } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'
import { anyNumber, toxic } from '#proxies/embedded/toxics/toxic'

interface TimeoutSettings {
  readonly [name: string]: number
  /** ms without data after which the connection is closed; 0 or less: never. */
  readonly timeout: number
}

/**
 * Drops all data of its direction, and closes the connection after a time without data. Removing it closes every connection
 * that it acted on, because bytes are missing there. The end of the source is not dropped.
 */
export const timeout = toxic<TimeoutSettings>({
  type: 'timeout',
  goName: 'TimeoutToxic',
  settings: { timeout: anyNumber('ms') },
  pipe: (out, settings) => {
    let limit = settings.timeout
    let since = now()
    let timer: Timer | null = null
    // One timer checks the time again when it fires. A new timer for each dropped chunk would cost more than dropping it.
    const restartTimer = (): void => {
      timer?.cancel()
      timer = limit > 0 ? callAt(since + limit, checkTime) : null
    }
    const checkTime = (): void => {
      if (now() >= since + limit) out.end()
      else restartTimer()
    }
    restartTimer()
    return {
      full: false,
      due: null,
      write: () => {
        since = now()
      },
      end: () => out.end(),
      update: (changed) => {
        limit = changed.timeout
        since = now()
        restartTimer()
      },
      release: () => {
        timer?.cancel()
        out.end()
      },
      dispose: () => timer?.cancel(),
    }
  },
})
