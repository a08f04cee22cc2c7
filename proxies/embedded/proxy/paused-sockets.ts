import type { Socket } from 'node:net'

/** How often each paused socket is checked for a reset. */
const intervalMs = 1000
const noBytes = Buffer.alloc(0)

const pausedSockets = new Set<Socket>()
let timer: NodeJS.Timeout | null = null

/**
 * A paused socket does not notice a reset, because nothing polls it. A write of no bytes does notice it: the kernel reports
 * the pending error for a write of any length. A socket with bytes still to write is polled for that and needs no check.
 */
export function watchPausedSocket(socket: Socket): void {
  pausedSockets.add(socket)
  // One timer for all sockets. It runs for one more interval without any, because most are paused for less than that.
  timer ??= setInterval(checkForResets, intervalMs).unref()
}

export function unwatchPausedSocket(socket: Socket): void {
  pausedSockets.delete(socket)
}

function checkForResets(): void {
  for (const socket of pausedSockets) {
    if (socket.writable && socket.writableLength === 0) socket.write(noBytes)
  }
  if (pausedSockets.size > 0 || timer === null) return
  clearInterval(timer)
  timer = null
}
