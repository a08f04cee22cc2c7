import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { SetupError } from '#model/errors'
import { shownUrl } from '#common/url'

/** Between two attempts. */
const intervalMs = 200

/** Waits until the address accepts a TCP connection. Throws a `SetupError` when the time is over. */
export async function waitForTarget(url: URL, withinMs: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + withinMs
  for (;;) {
    const left = end - performance.now()
    if (await accepts(url, Math.max(intervalMs, Math.min(left, 5000)), signal)) return
    if (signal.aborted || performance.now() >= end) break
    await pause(intervalMs, undefined, { signal }).catch(() => undefined)
  }
  if (!signal.aborted)
    throw new SetupError(`${shownUrl(url)} accepted no connection within --wait ${withinMs}ms`)
}

function accepts(url: URL, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const secure = url.protocol === 'wss:' || url.protocol === 'https:'
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, signal })
    const done = (yes: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(yes)
    }
    const timer = setTimeout(() => done(false), withinMs)
    socket.once('connect', () => done(true))
    socket.once('error', () => done(false))
  })
}
