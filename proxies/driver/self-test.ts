import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

import { cutAfter } from '#proxies/faults'
import { hostAndPort, isLoopback } from './placement.ts'
import type { Placement } from './placement.ts'
import { EngineError } from '#proxies/types'
import type { Engine, EngineOptions, FaultProxy } from '#proxies/types'

/** Time limit of one control connection. */
const limitMs = 5000
const probeBytes = Buffer.from('streamproof?')
const cutAfterBytes = 5
/** Default port of Toxiproxy's API. A forwarded API listens there on its own side. */
const defaultApiPort = 8474
/** A connection that is still open after this time counts as accepted. */
const acceptedAfterMs = 1000

interface ProbeResult {
  readonly bytes: Buffer
  /** `refused`: no connection; `silent`: it was open, but did not end or answer in time. */
  readonly outcome: 'answered' | 'ended' | 'refused' | 'silent'
  /** Why there is no connection: `ECONNREFUSED`, `ENOTFOUND`, `no answer`. */
  readonly refusal: string
}

/** An engine with what its self-test needs: where its proxies are, and proxies to any address. */
export interface TestableEngine extends Engine {
  readonly placement: Placement
  /** Opens a proxy to an address, as the engine dials it. */
  openTo(upstream: string): Promise<FaultProxy>
}

/**
 * Self-test of an engine: a connection through it to our own echo server must carry every byte, and one under the fault
 * `cut-after` must end at exactly that byte.
 * @throws EngineError that names the missing option.
 */
export async function testEngine(engine: TestableEngine, timeScale: number): Promise<void> {
  const limit = limitMs * timeScale
  const echo = await startEcho(engine.placement.localServerHost)
  try {
    const { port } = echo.server.address() as AddressInfo
    await using proxy = await engine.open({ host: '127.0.0.1', port })
    const uncut = await probe(proxy, probeBytes, limit)
    if (!uncut.bytes.equals(probeBytes)) {
      if (uncut.outcome === 'refused') throw proxiesUnreachable(engine, proxy, uncut.refusal)
      if (!echo.wasReached()) throw await hostUnreachable(engine, limit)
      throw new EngineError(
        `the Toxiproxy at ${engine.api} changes the bytes of a proxy without toxics: use --proxy embedded`,
      )
    }
    await proxy.setFaults([cutAfter({ bytes: cutAfterBytes, direction: 'server-to-client' })])
    const cut = await probe(proxy, probeBytes, limit)
    if (cut.outcome !== 'ended' || !cut.bytes.equals(probeBytes.subarray(0, cutAfterBytes))) {
      throw new EngineError(
        `the Toxiproxy at ${engine.api} does not cut a connection at the requested byte: use --proxy embedded`,
      )
    }
  } finally {
    await echo.close()
  }
}

/** @throws EngineError if a target listens on the loopback alone, where the engine cannot reach it. */
export async function testTargets(
  engine: TestableEngine,
  targets: NonNullable<EngineOptions['targets']>,
  timeScale: number,
): Promise<void> {
  const { explicit, upstreamHost } = engine.placement
  for (const target of targets) {
    if (!explicit.upstream || !isLoopback(target.host)) continue
    await using proxy = await engine.open(target)
    if (await acceptsConnections(proxy, timeScale)) continue
    // A target that ends every connection does so without the engine, too.
    if (!(await acceptsConnections(target, timeScale))) continue
    throw new EngineError(
      `the Toxiproxy at ${engine.api} reaches this host at ${upstreamHost}, but not the target on it. Let the target listen on all addresses, not on ${hostAndPort(target.host, target.port)} alone; ${otherwise}`,
    )
  }
}

async function acceptsConnections(
  address: Pick<FaultProxy, 'host' | 'port'>,
  timeScale: number,
): Promise<boolean> {
  const { outcome } = await probe(address, Buffer.alloc(0), acceptedAfterMs * timeScale)
  return outcome === 'silent' || outcome === 'answered'
}

const otherwise = 'or use --proxy embedded'

/** Nothing accepts connections where the proxies should be. */
function proxiesUnreachable(
  { api, placement }: TestableEngine,
  { host }: FaultProxy,
  refusal: string,
): EngineError {
  const { listen, advertise } = placement.explicit
  const hasPorts = placement.listenAddresses.some((address) => !address.endsWith(':0'))
  const setListen = 'set --proxy-listen 0.0.0.0:FIRST-LAST to ports of it that can be reached'
  const setAdvertise = 'set --proxy-advertise to the host where they can be reached'
  let advice: string
  if (advertise && refusal !== 'ECONNREFUSED')
    advice = 'set --proxy-advertise to a host where they can be reached'
  else if (listen && isLoopback(placement.listenHost) && !isLoopback(host)) {
    advice = 'set --proxy-listen to an address of it that can be reached'
  } else if (hasPorts && advertise) advice = 'set --proxy-listen and --proxy-advertise to the same place'
  else if (hasPorts) advice = setAdvertise
  else if (advertise || !placement.isHere) advice = setListen
  else advice = `if it is in a container, ${setListen}; if on another host, ${setAdvertise}`
  return new EngineError(
    `the proxies of the Toxiproxy at ${api} cannot be reached at ${host} (${refusal}): ${advice}; ${otherwise}`,
  )
}

/** A connection was accepted, but did not reach our echo server. Who accepted it decides which option is missing. */
async function hostUnreachable(engine: TestableEngine, limit: number): Promise<EngineError> {
  const { explicit, upstreamHost } = engine.placement
  const problem = `the Toxiproxy at ${engine.api} cannot reach this host at ${upstreamHost}`
  if (!explicit.upstream) {
    return new EngineError(`${problem}: set --proxy-upstream to a host where it can; ${otherwise}`)
  }
  if (await reachesItsOwnApi(engine, limit)) {
    return new EngineError(
      `${problem}: set --proxy-upstream to a host where it can, and check the firewalls between them; ${otherwise}`,
    )
  }
  return new EngineError(
    `the proxies of the Toxiproxy at ${engine.api} lead neither to this host at ${upstreamHost} nor to its own API: set --proxy-listen to what ${engine.placement.host} forwards to, or --proxy-upstream to a host where it can reach this one; ${otherwise}`,
  )
}

/** Whether the engine's own API answers through one of its proxies. If so, connections do reach its proxies. */
async function reachesItsOwnApi(engine: TestableEngine, limit: number): Promise<boolean> {
  const { protocol, hostname, port } = new URL(engine.api)
  if (protocol !== 'http:') return false
  const request = Buffer.from(`GET /version HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`)
  const apiPort = Number(port || 80)
  const candidates = [
    hostAndPort('127.0.0.1', apiPort),
    hostAndPort(hostname, apiPort),
    `127.0.0.1:${defaultApiPort}`,
  ]
  for (const candidate of new Set(candidates)) {
    await using proxy = await engine.openTo(candidate)
    const { bytes } = await probe(proxy, request, limit)
    if (bytes.toString('latin1').startsWith('HTTP/1.')) return true
  }
  return false
}

/** Connects, sends the request, and reads until as many bytes came back, the connection ended, or the time is up. */
function probe(
  { host, port }: Pick<FaultProxy, 'host' | 'port'>,
  request: Buffer,
  limit: number,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    let connected = false
    let refusal = 'no answer'
    const socket = connect({ host, port, noDelay: true })
    const finish = (outcome: ProbeResult['outcome']): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ bytes, outcome, refusal })
    }
    const timer = setTimeout(() => finish(connected ? 'silent' : 'refused'), limit)
    socket.on('connect', () => {
      connected = true
      if (request.length > 0) socket.write(request)
    })
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data])
      if (bytes.length >= request.length) finish('answered')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => (refusal = error.code ?? 'failed'))
    socket.on('close', () => finish(connected ? 'ended' : 'refused'))
  })
}

interface EchoServer {
  readonly server: Server
  /** Whether a connection has reached it yet. */
  wasReached(): boolean
  close(): Promise<void>
}

async function startEcho(host: string): Promise<EchoServer> {
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
