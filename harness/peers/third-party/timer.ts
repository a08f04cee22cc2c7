/** The longest that Node's timers can wait, in ms; what is longer they take for 1 ms, with a warning on stderr. */
const longestMs = 2 ** 31 - 1
/** A client may wait longer than the server says. One that comes back at once, again and again, is no test but a storm. */
const shortestMs = 50

let restore: (() => void) | null = null

/**
 * Bounds the timer that is set next, in this turn of the loop. For undici's EventSource: behind its `error` event it
 * hands the reconnection time that the server has set to `setTimeout` as it is, and has no option for it.
 */
export function boundNextTimer(): void {
  restore?.()
  const original = globalThis.setTimeout
  const undo = (): void => {
    if (restore !== undo) return
    globalThis.setTimeout = original
    restore = null
  }
  const bounded = (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): NodeJS.Timeout => {
    undo()
    return original(callback, Math.min(longestMs, Math.max(shortestMs, ms)), ...args)
  }
  restore = undo
  globalThis.setTimeout = Object.assign<typeof bounded, typeof original>(bounded, original)
  queueMicrotask(undo)
}
