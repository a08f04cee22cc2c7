/** Monotonic time in ms. */
export const now = (): number => performance.now()

/** The longest delay in ms that setTimeout supports. A longer one fires at once. */
const longestDelayMs = 2 ** 31 - 1

export interface Timer {
  cancel(): void
}

/**
 * Calls `callback` at or after `due` (ms of `now`), never before. setTimeout counts whole milliseconds of a cached clock and
 * fires up to one millisecond early, so the last fraction passes in turns of the event loop. On an idle machine the call
 * is less than a millisecond late.
 */
export function callAt(due: number, callback: () => void): Timer {
  let timeout: NodeJS.Timeout | undefined
  let immediate: NodeJS.Immediate | undefined
  const check = (): void => {
    const left = due - now()
    if (left <= 0) callback()
    else if (left >= 1.25) timeout = setTimeout(check, Math.min(left - 0.25, longestDelayMs))
    else immediate = setImmediate(check)
  }
  const left = due - now()
  if (left >= 1.25) timeout = setTimeout(check, Math.min(left - 0.25, longestDelayMs))
  else immediate = setImmediate(check)
  return {
    cancel() {
      clearTimeout(timeout)
      clearImmediate(immediate)
    },
  }
}
