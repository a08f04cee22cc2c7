import type { RunSettings } from './settings.ts'

/** What stopped a run, if anything did. */
export type Stopped = 'time' | { readonly signal: string } | null

/**
 * Calls `stop` when the run is aborted or its time is spent.
 * @returns what ends the watch, and gives what stopped the run.
 */
export function stopper({ signal, maxTimeMs = null }: RunSettings, stop: () => void): () => Stopped {
  let stopped: Stopped = null
  const aborted = (): void => {
    stopped ??= { signal: typeof signal?.reason === 'string' ? signal.reason : 'SIGINT' }
    stop()
  }
  const timer =
    maxTimeMs === null
      ? undefined
      : setTimeout(() => {
          stopped ??= 'time'
          stop()
        }, maxTimeMs)
  signal?.addEventListener('abort', aborted, { once: true })
  if (signal?.aborted === true) aborted()
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', aborted)
    return stopped
  }
}
