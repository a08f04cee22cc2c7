import { callAt, now } from '#proxies/embedded/proxy/clock'
import type { Timer } from '#proxies/embedded/proxy/clock'
import { anyNumber, toxic } from '#proxies/embedded/toxics/toxic'

interface TimeoutSettings {
  readonly [name: string]: number
  /** ms without data after which the connection is closed; 0 or less: never. */
  readonly timeout: number
}

/**
 * Drops all data of its direction, and closes the connection when none came for a while. Taking it away closes every
 * connection that it ran on, because bytes are missing there. The end of the source is not dropped.
 */
export const timeout = toxic<TimeoutSettings>({
  type: 'timeout',
  goName: 'TimeoutToxic',
  settings: { timeout: anyNumber('ms') },
  pipe: (out, settings) => {
    let limit = settings.timeout
    let since = now()
    let timer: Timer | null = null
    // One timer that looks again when it fires: a new one for each dropped chunk would cost more than the dropping.
    const watch = (): void => {
      timer?.cancel()
      timer = limit > 0 ? callAt(since + limit, look) : null
    }
    const look = (): void => {
      if (now() >= since + limit) out.end()
      else watch()
    }
    watch()
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
        watch()
      },
      release: () => {
        timer?.cancel()
        out.end()
      },
      dispose: () => timer?.cancel(),
    }
  },
})
