import net from 'node:net'

/** Whether a TCP connection to this address is accepted. Never rejects; closes what it opens before it settles. */
export function acceptsConnection(host: string, port: number, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, noDelay: true })
    let accepted = false
    const timer = setTimeout(() => socket.destroy(), withinMs)
    socket.on('connect', () => {
      accepted = true
      socket.destroy()
    })
    // Only an accepted connection is reset. The reset can arrive before `connect` is emitted.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') accepted = true
    })
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(accepted)
    })
  })
}
