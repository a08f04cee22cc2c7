import type { Socket } from 'node:net'

/**
 * Closes a socket with RST. libuv refuses that with EINVAL while a FIN is being sent, and Node then never closes the
 * socket. In that case the RST is sent as soon as the FIN is out.
 */
export function resetSocket(socket: Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0
  if (isEnding && !socket.destroyed) socket.once('finish', () => socket.resetAndDestroy())
  else socket.resetAndDestroy()
}
