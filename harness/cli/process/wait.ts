import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { SetupError } from '#model/errors'
import { addressOf, shownUrl } from '#common/url'

/** Between two attempts, in ms. */
const intervalMs = 200

/** One attempt takes at most this long, in ms: a host that drops packets is asked again. */
const attemptMs = 5000

/**
 * Waits until the address accepts a TCP connection; returns early when `signal` is aborted.
 * @throws SetupError when `withinMs` milliseconds have passed.
 */
export async function waitForTarget(url: URL, withinMs: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + withinMs
  for (;;) {
    const left = end - performance.now()
    if (await accepts(url, Math.max(intervalMs, Math.min(left, attemptMs)), signal)) return
    if (signal.aborted || performance.now() >= end) break
    await pause(intervalMs, undefined, { signal }).catch(() => undefined)
  }
  if (!signal.aborted)
    throw new SetupError(
      `${shownUrl(url)} did not accept a connection within ${withinMs}ms (--wait); start the server, or wait longer`,
    )
}

/** The `signal` option of `connect` is not used: Node never removes the listener that it adds for a failed socket. */
function accepts(url: URL, withinMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(addressOf(url))
    const done = (isAccepted: boolean): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', refused)
      socket.destroy()
      resolve(isAccepted)
    }
    const refused = (): void => done(false)
    const timer = setTimeout(refused, withinMs)
    signal.addEventListener('abort', refused, { once: true })
    socket.once('connect', () => done(true))
    socket.once('error', refused)
  })
}
