import type { Socket } from 'node:net'

/** How often a socket that is not being read is asked whether it still stands. */
const intervalMs = 1000
const nothing = Buffer.alloc(0)

const stalled = new Set<Socket>()
let timer: NodeJS.Timeout | null = null

/**
 * A paused socket does not notice a reset: nothing polls it. A write of no bytes does, because the kernel reports the
 * pending error whatever the length. A socket with bytes still to write is polled for that, and needs no asking.
 */
export function watchPausedSocket(socket: Socket): void {
  stalled.add(socket)
  // One timer for all, which goes on for a turn without any: most are watched for less than that.
  timer ??= setInterval(ask, intervalMs).unref()
}

export function unwatchPausedSocket(socket: Socket): void {
  stalled.delete(socket)
}

function ask(): void {
  for (const one of stalled) {
    if (one.writable && one.writableLength === 0) one.write(nothing)
  }
  if (stalled.size > 0 || timer === null) return
  clearInterval(timer)
  timer = null
}
