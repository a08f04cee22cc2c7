import type { Socket } from 'node:net'

/**
 * Closes a socket by RST. While its FIN is on the way the system takes none (libuv's EINVAL, behind which Node never
 * closes the socket): then as soon as that is out.
 */
export function resetSocket(socket: Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0
  if (isEnding && !socket.destroyed) socket.once('finish', () => socket.resetAndDestroy())
  else socket.resetAndDestroy()
}
