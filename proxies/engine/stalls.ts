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
export function watchStalled(socket: Socket): void {
  stalled.add(socket)
  timer ??= setInterval(() => {
    for (const one of stalled) {
      if (one.writable && one.writableLength === 0) one.write(nothing)
    }
  }, intervalMs)
}

export function unwatchStalled(socket: Socket): void {
  if (!stalled.delete(socket) || stalled.size > 0 || timer === null) return
  clearInterval(timer)
  timer = null
}
