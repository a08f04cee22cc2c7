import type { ResponseHead } from '#wire/http/head'
import type { ConnectionObserver } from '#peers/session/session'

/** Whoever wants us back in more than a day wants nobody back, in ms. */
const mostMs = 86_400_000

/** Tells the scheduler of an answer of 429 or 503, and of when the target wants to be asked again. */
export function tellRefusal(observer: ConnectionObserver, head: Pick<ResponseHead, 'status' | 'get'>): void {
  if (head.status !== 429 && head.status !== 503) return
  observer.refused(
    head.status === 429 ? 'status-429' : 'status-503',
    retryAfterMs(head.get('retry-after'), Date.now()),
  )
}

/**
 * `Retry-After` in ms from now: seconds, or an HTTP date (RFC 9110 10.2.3).
 * @param nowMs by the clock that dates are told by.
 * @returns null where there is none that can be read.
 */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(mostMs, Number(text) * 1000)
  // Date.parse takes much that is no date of HTTP: all of those begin with the name of a day.
  const at = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.min(mostMs, Math.max(0, at - nowMs))
}
