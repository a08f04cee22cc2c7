import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

import { cutAfter } from '#proxies/faults'
import { hostAndPort, isLoopback } from './placement.ts'
import type { Placement } from './placement.ts'
import { EngineError } from '#proxies/types'
import type { Engine, EngineOptions, FaultProxy } from '#proxies/types'

/** How long one control connection may take. */
const limitMs = 5000
const word = Buffer.from('streamproof?')
const cutAt = 5
/** Of Toxiproxy's API, whatever it is forwarded from. */
const usualPort = 8474
/** A connection that stands as long has been taken. */
const standsAfterMs = 1000

interface Heard {
  readonly bytes: Buffer
  /** `refused`: no connection; `silent`: it stood, but did not end or answer in time. */
  readonly outcome: 'answered' | 'ended' | 'refused' | 'silent'
  /** Why there was no connection: `ECONNREFUSED`, `ENOTFOUND`, `no answer`. */
  readonly why: string
}

/** An engine whose proxies can lead wherever the control wants, and that tells where they are. */
export interface PlacedEngine extends Engine {
  readonly place: Placement
  /** Opens a proxy to an address as the engine is to dial it. */
  openTo(upstream: string): Promise<FaultProxy>
}

/**
 * The negative control of the engine: a connection through it to an echo of our own carries every byte, and one with
 * a limit is cut at that very byte. Throws `EngineError`, which names the option that is missing.
 */
export async function proveControl(engine: PlacedEngine, timeScale: number): Promise<void> {
  const limit = limitMs * timeScale
  const echo = await startEcho(engine.place.ownHost)
  try {
    const { port } = echo.server.address() as AddressInfo
    await using link = await engine.open({ host: '127.0.0.1', port })
    const whole = await ask(link, word, limit)
    if (!whole.bytes.equals(word)) {
      if (whole.outcome === 'refused') throw proxiesUnreached(engine, link, whole.why)
      if (!echo.wasReached()) throw await upstreamUnreached(engine, limit)
      throw new EngineError(
        `the Toxiproxy at ${engine.api} changes the bytes of a proxy without toxics: use --proxy embedded`,
      )
    }
    await link.setFaults([cutAfter({ bytes: cutAt, direction: 'server-to-client' })])
    const cut = await ask(link, word, limit)
    if (cut.outcome !== 'ended' || !cut.bytes.equals(word.subarray(0, cutAt))) {
      throw new EngineError(
        `the Toxiproxy at ${engine.api} does not cut a connection where it was told: use --proxy embedded`,
      )
    }
  } finally {
    await echo.close()
  }
}

/** Throws `EngineError` where one of our targets is on the loopback alone, where the engine cannot reach it. */
export async function proveTargets(
  engine: PlacedEngine,
  targets: NonNullable<EngineOptions['targets']>,
  timeScale: number,
): Promise<void> {
  const { told, upstreamHost } = engine.place
  for (const target of targets) {
    if (!told.upstream || !isLoopback(target.host)) continue
    await using link = await engine.open(target)
    if (await isTaken(link, timeScale)) continue
    // A target that hangs up on everybody does so without the engine, too.
    if (!(await isTaken(target, timeScale))) continue
    throw new EngineError(
      `the Toxiproxy at ${engine.api} reaches this host at ${upstreamHost}, but not the target on it: let that listen on all addresses, not on ${hostAndPort(target.host, target.port)} alone; ${otherwise}`,
    )
  }
}

async function isTaken(to: Pick<FaultProxy, 'host' | 'port'>, timeScale: number): Promise<boolean> {
  const { outcome } = await ask(to, Buffer.alloc(0), standsAfterMs * timeScale)
  return outcome === 'silent' || outcome === 'answered'
}

const otherwise = 'or use --proxy embedded'

/** Nothing takes connections where the proxies should be. */
function proxiesUnreached({ api, place }: PlacedEngine, { host }: FaultProxy, why: string): EngineError {
  const { listen, advertise } = place.told
  const hasPorts = place.listens.some((one) => !one.endsWith(':0'))
  const publish = 'give --proxy-listen 0.0.0.0:FIRST-LAST with ports of it that can be reached'
  const elsewhere = 'give --proxy-advertise HOST, where they are'
  let advice: string
  if (advertise && why !== 'ECONNREFUSED') advice = 'make --proxy-advertise a host where they are'
  else if (listen && isLoopback(place.listenHost) && !isLoopback(host)) {
    advice = 'make --proxy-listen an address of it that can be reached'
  } else if (hasPorts && advertise) advice = 'make --proxy-listen and --proxy-advertise name the same place'
  else if (hasPorts) advice = elsewhere
  else if (advertise || !place.isHere) advice = publish
  else advice = `if it is in a container, ${publish}; if on another host, ${elsewhere}`
  return new EngineError(
    `the proxies of the Toxiproxy at ${api} cannot be reached at ${host} (${why}): ${advice}; ${otherwise}`,
  )
}

/** A connection was taken, but did not come to our own server: by whom it was taken decides what is missing. */
async function upstreamUnreached(engine: PlacedEngine, limit: number): Promise<EngineError> {
  const { told, upstreamHost } = engine.place
  const reach = `the Toxiproxy at ${engine.api} cannot reach this host at ${upstreamHost}`
  if (!told.upstream) {
    return new EngineError(`${reach}: give --proxy-upstream HOST, where it can; ${otherwise}`)
  }
  if (await answersItself(engine, limit)) {
    return new EngineError(
      `${reach}: --proxy-upstream must be a host where it can, and no firewall between; ${otherwise}`,
    )
  }
  const listen = told.listen ? 'make --proxy-listen' : 'give --proxy-listen'
  return new EngineError(
    `the proxies of the Toxiproxy at ${engine.api} lead neither to this host at ${upstreamHost} nor to its own API: ${listen} what ${engine.place.host} forwards to, or --proxy-upstream a host where it can reach this one; ${otherwise}`,
  )
}

/** Whether its own API can be had through one of its proxies: then the way to them is whole. */
async function answersItself(engine: PlacedEngine, limit: number): Promise<boolean> {
  const { protocol, hostname, port } = new URL(engine.api)
  if (protocol !== 'http:') return false
  const question = Buffer.from(`GET /version HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`)
  const here = Number(port || 80)
  const guesses = [hostAndPort('127.0.0.1', here), hostAndPort(hostname, here), `127.0.0.1:${usualPort}`]
  for (const guess of new Set(guesses)) {
    await using link = await engine.openTo(guess)
    const { bytes } = await ask(link, question, limit)
    if (bytes.toString('latin1').startsWith('HTTP/1.')) return true
  }
  return false
}

/** Connects, asks, and listens until as much came back, the connection ended, or the time is up. */
function ask(to: Pick<FaultProxy, 'host' | 'port'>, question: Buffer, limit: number): Promise<Heard> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    let connected = false
    let why = 'no answer'
    const socket = connect({ host: to.host, port: to.port, noDelay: true })
    const finish = (outcome: Heard['outcome']): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ bytes, outcome, why })
    }
    const timer = setTimeout(() => finish(connected ? 'silent' : 'refused'), limit)
    socket.on('connect', () => {
      connected = true
      if (question.length > 0) socket.write(question)
    })
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data])
      if (bytes.length >= question.length) finish('answered')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => (why = error.code ?? 'failed'))
    socket.on('close', () => finish(connected ? 'ended' : 'refused'))
  })
}

interface Echo {
  readonly server: Server
  /** Whether anybody has connected yet. */
  wasReached(): boolean
  close(): Promise<void>
}

async function startEcho(host: string): Promise<Echo> {
  const sockets = new Set<Socket>()
  let reached = false
  const server = createServer((socket) => {
    reached = true
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
  return { server, wasReached: () => reached, close }
}
