/** Monotonic time in ms. */
export const now = (): number => performance.now()

/** The longest wait that setTimeout can hold; more makes it fire at once. */
const longest = 2 ** 31 - 1

export interface Timer {
  cancel(): void
}

/**
 * Calls back at or after `due` (ms of `now`), never before: setTimeout counts whole milliseconds of a cached clock and
 * fires up to one early. The last fraction is waited out by turns of the event loop, so it is also less than a
 * millisecond late on an idle machine.
 */
export function callAt(due: number, call: () => void): Timer {
  let timeout: NodeJS.Timeout | undefined
  let immediate: NodeJS.Immediate | undefined
  const check = (): void => {
    const left = due - now()
    if (left <= 0) call()
    else if (left >= 1.25) timeout = setTimeout(check, Math.min(left - 0.25, longest))
    else immediate = setImmediate(check)
  }
  const left = due - now()
  if (left >= 1.25) timeout = setTimeout(check, Math.min(left - 0.25, longest))
  else immediate = setImmediate(check)
  return {
    cancel() {
      clearTimeout(timeout)
      clearImmediate(immediate)
    },
  }
}
