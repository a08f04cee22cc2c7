import { systemClock } from './schedule/clock.ts'
import type { Clock } from './schedule/clock.ts'
import type { RunSettings } from './settings.ts'

/** What stopped a run, if anything did. */
export type Stopped = 'time' | { readonly signal: string } | null

/**
 * Calls `stop` when the run is aborted or its time is spent.
 * @returns what ends the watch, and gives what stopped the run.
 */
export function stopper(
  { signal, maxTimeMs = null }: RunSettings,
  stop: () => void,
  clock: Clock = systemClock,
): () => Stopped {
  let stopped: Stopped = null
  const aborted = (): void => {
    stopped ??= { signal: typeof signal?.reason === 'string' ? signal.reason : 'SIGINT' }
    stop()
  }
  const cancel =
    maxTimeMs === null
      ? null
      : clock.after(maxTimeMs, () => {
          stopped ??= 'time'
          stop()
        })
  signal?.addEventListener('abort', aborted, { once: true })
  if (signal?.aborted === true) aborted()
  return () => {
    cancel?.()
    signal?.removeEventListener('abort', aborted)
    return stopped
  }
}
