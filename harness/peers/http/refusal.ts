import type { ResponseHead } from '#wire/http/head'
import type { ConnectionObserver } from '#peers/session/session'

/** Longest wait that a target can ask for, in ms: one day. */
const maxMs = 86_400_000

/** Reports an answer of 429 or 503 to the scheduler, with the wait that the target asks for. */
export function reportRefusal(
  observer: ConnectionObserver,
  head: Pick<ResponseHead, 'status' | 'get'>,
): void {
  if (head.status !== 429 && head.status !== 503) return
  observer.refused(
    head.status === 429 ? 'status-429' : 'status-503',
    retryAfterMs(head.get('retry-after'), Date.now()),
  )
}

/**
 * `Retry-After` in ms from now: seconds, or an HTTP date (RFC 9110 10.2.3).
 * @param nowMs ms since the epoch.
 * @returns null if there is no valid one.
 */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(maxMs, Number(text) * 1000)
  // Date.parse accepts much that is not an HTTP date; every HTTP date begins with the name of a day.
  const at = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.min(maxMs, Math.max(0, at - nowMs))
}
