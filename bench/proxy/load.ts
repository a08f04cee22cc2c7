import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** The measuring side: the load on the ports of one variant. */

/** MB per second that arrive; the first `skip` bytes are not counted. */
export async function flow(port: number, connections: number, ms: number, skip = 0): Promise<number> {
  let bytes = 0
  let start = performance.now()
  let last = start
  let counting = skip === 0
  const sockets = await Promise.all(
    Array.from({ length: connections }, () =>
      open(port, (length) => {
        bytes += length
        last = performance.now()
        if (counting || bytes < skip) return
        counting = true
        bytes = 0
        start = performance.now()
      }),
    ),
  )
  if (skip === 0) start = performance.now()
  for (const socket of sockets) socket.write('go')
  await sleep(ms)
  // Bytes arrive in bursts, so the time runs from the end of one burst to the end of another.
  const rate = bytes / 1000 / ((skip === 0 ? performance.now() : last) - start)
  for (const socket of sockets) socket.resetAndDestroy()
  await sleep(100)
  return rate
}

/** Microseconds of a round trip of 100 bytes. */
export async function roundTrips(port: number, count: number): Promise<Record<string, number>> {
  const times: number[] = []
  const request = Buffer.alloc(100, 'q')
  let answered: () => void = () => undefined
  let received = 0
  const socket = await open(port, (length) => {
    received += length
    if (received === request.length) answered()
  })
  for (let i = 0; i < count + 500; i++) {
    received = 0
    const start = performance.now()
    const answer = new Promise<void>((resolve) => (answered = resolve))
    socket.write(request)
    await answer
    if (i >= 500) times.push((performance.now() - start) * 1000)
  }
  socket.resetAndDestroy()
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

/** Connections per second that are opened, used for one byte and reset. */
export async function connects(port: number, count: number, lanes: number): Promise<number> {
  const start = performance.now()
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', noDelay: true })
        socket.once('connect', () => socket.write('x'))
        socket.once('data', () => {
          socket.resetAndDestroy()
          resolve()
        })
        socket.once('error', reject)
      })
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return count / ((performance.now() - start) / 1000)
}

/** KB of resident memory of the proxy for each connection that was used once and is then idle. */
export async function idleMemory(
  port: number,
  count: number,
  pid: number,
  collectGarbage?: () => void,
): Promise<number> {
  await sleep(500)
  const before = resident(pid)
  const sockets: Socket[] = []
  for (let i = 0; i < count; i += 250) {
    const batch = await Promise.all(
      Array.from({ length: 250 }, async () => {
        let onAnswer: () => void = () => undefined
        const answer = new Promise<void>((resolve) => (onAnswer = resolve))
        const socket = await open(port, () => onAnswer())
        socket.write('x')
        await answer
        return socket
      }),
    )
    sockets.push(...batch)
  }
  collectGarbage?.()
  await sleep(1000)
  const growth = resident(pid) - before
  for (const socket of sockets) socket.resetAndDestroy()
  await sleep(1500)
  return growth / count
}

/** Resident memory of a process in KB; Linux only. */
function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** How many ms later than 100 ms answers arrive. */
export async function lateness(
  port: number,
  connections: number,
  count: number,
): Promise<Record<string, number>> {
  const late: number[] = []
  const measureOne = async (index: number): Promise<void> => {
    let answered: () => void = () => undefined
    const socket = await open(port, () => answered())
    await sleep(index * 5)
    for (let i = 0; i < count; i++) {
      const start = performance.now()
      const answer = new Promise<void>((resolve) => (answered = resolve))
      socket.write('x')
      await answer
      late.push(performance.now() - start - 100)
      await sleep(7)
    }
    socket.resetAndDestroy()
  }
  await Promise.all(Array.from({ length: connections }, (_, index) => measureOne(index)))
  return { p50: percentile(late, 0.5), p99: percentile(late, 0.99), earliest: Math.min(...late) }
}

/** Connects, and reads into one buffer, so that the measuring side costs as little as possible. */
export function open(port: number, onBytes: (bytes: number) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(64 * 1024),
        callback: (length) => {
          onBytes(length)
          return true
        },
      },
    })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
    socket.on('error', () => undefined)
  })
}

export function percentile(list: readonly number[], part: number): number {
  const sorted = list.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
