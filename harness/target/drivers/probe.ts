import net from 'node:net'
import type { Endpoint } from '#peers/session/endpoint'
import type { Kit } from '#peers/kit'

/** True: this target accepts a TCP connection. Never rejects; what it opens is closed before it settles. */
export function probe({ url }: Endpoint, withinMs: number): Promise<boolean> {
  const secure = url.protocol === 'wss:' || url.protocol === 'https:'
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return accepts(host, port, withinMs)
}

/** Notes how long an answer took, where it came. */
export async function timed<T>(kit: Kit, name: string, answer: () => Promise<T>): Promise<T> {
  const asked = kit.now()
  const value = await answer()
  kit.measure(name, kit.now() - asked)
  return value
}

/** Whether anybody accepts a connection there. Never rejects; what it opens is closed before it settles. */
export function accepts(host: string, port: number, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, noDelay: true })
    let accepted = false
    const timer = setTimeout(() => socket.destroy(), withinMs)
    socket.on('connect', () => {
      accepted = true
      socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(accepted)
    })
  })
}
