import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

import { cutAfter } from './faults.ts'
import { EngineError } from './types.ts'
import type { Engine, Link } from './types.ts'

/** How long one control connection may take. */
const limitMs = 5000
const word = Buffer.from('streamproof?')
const cutAt = 5

interface Heard {
  readonly bytes: Buffer
  /** `refused`: no connection; `silent`: it stood, but did not end or answer in time. */
  readonly outcome: 'answered' | 'ended' | 'refused' | 'silent'
}

/**
 * The negative control of the engine: a connection through it to an echo of our own carries every byte, and one with
 * a limit is cut at that very byte. Throws `EngineError`.
 */
export async function proveControl(
  engine: Engine & { readonly ownHost: string },
  timeScale: number,
): Promise<void> {
  const echo = await startEcho(engine.ownHost)
  try {
    const { port } = echo.server.address() as AddressInfo
    await using link = await engine.open({ host: '127.0.0.1', port })
    const whole = await ask(link, limitMs * timeScale)
    if (!whole.bytes.equals(word)) throw unreached(engine, link, whole)
    await link.setFaults([cutAfter({ bytes: cutAt, direction: 'down' })])
    const cut = await ask(link, limitMs * timeScale)
    if (cut.outcome !== 'ended' || !cut.bytes.equals(word.subarray(0, cutAt))) {
      throw new EngineError(
        `the Toxiproxy at ${engine.api} does not cut a connection where it was told: use --proxy embedded`,
      )
    }
  } finally {
    await echo.close()
  }
}

function unreached(engine: Engine, link: Link, heard: Heard): EngineError {
  const network = "run it on this host's network (in a container: --network host)"
  if (heard.outcome === 'refused') {
    return new EngineError(
      `the proxies of the Toxiproxy at ${engine.api} cannot be reached at ${link.host}: ${network}, or publish their ports and give --proxy-listen 0.0.0.0:FIRST-LAST, and --proxy-advertise HOST if they are elsewhere; or use --proxy embedded`,
    )
  }
  if (heard.bytes.length === 0) {
    return new EngineError(
      `the Toxiproxy at ${engine.api} cannot reach this host: ${network}, or give --proxy-upstream HOST, the name that this host has there; or use --proxy embedded`,
    )
  }
  return new EngineError(
    `the Toxiproxy at ${engine.api} changes the bytes of a proxy without toxics: use --proxy embedded`,
  )
}

/** Connects, sends the word, and listens until it came back, the connection ended, or the time is up. */
function ask(link: Link, limit: number): Promise<Heard> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    let connected = false
    const socket = connect({ host: link.host, port: link.port, noDelay: true })
    const finish = (outcome: Heard['outcome']): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ bytes, outcome })
    }
    const timer = setTimeout(() => finish(connected ? 'silent' : 'refused'), limit)
    socket.on('connect', () => {
      connected = true
      socket.write(word)
    })
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data])
      if (bytes.length >= word.length) finish('answered')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => finish(connected ? 'ended' : 'refused'))
  })
}

async function startEcho(host: string): Promise<{ readonly server: Server; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.pipe(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, () => resolve())
  })
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  return { server, close }
}
