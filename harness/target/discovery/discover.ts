import net from 'node:net'
import { Inconclusive, Violation } from '#model/errors'
import type { Capability, CapabilityFinding } from '#model/model'
import type { Report } from '#model/result'
import { Scope } from '#common/scope'
import { addressOf } from '#peers/session/context'
import type { Endpoint } from '#peers/session/endpoint'
import { ipv6AddressOf } from '#peers/net/ipv6'
import type { Evidence, Kit } from '#peers/kit'
import { openSession } from '#peers/session/open-session'
import type { ConnectionObserver, Session, SessionEnvironment } from '#peers/session/session'
import { diagnose } from './diagnose.ts'
import { discoverSse } from './sse.ts'
import { broadcasts, discoverWebSocket } from './websocket.ts'
import {
  absent,
  asDeclared,
  oneByOne,
  originFindings,
  plainFinding,
  present,
  sideBySide,
} from './findings.ts'
import type { Both, Findings } from './findings.ts'
import { acceptsConnection } from '#target/drivers/tcp'
import { timed } from './timed.ts'
import { shownUrl } from '#common/url'

export type KnownCapabilities = Readonly<
  Record<'websocket' | 'sse', Report['targets'][number]['capabilities'] | null>
>

export interface DiscoveryOptions {
  /** Capabilities that the contract declares. */
  readonly expects?: readonly Capability[]
  /** How the targets are named; null: the URL without secrets. */
  readonly shown?: { readonly websocket: string | null; readonly sse: string | null }
  /** Taken instead of looking. */
  readonly known?: KnownCapabilities
  readonly discovering?: (protocol: Endpoint['protocol'], url: string) => void
  /** Told how long the slowest answer took, in ms, for each target that was asked. */
  readonly paced?: (slowestMs: number) => void
  /** Told where messages of one connection reach another one. */
  readonly broadcasting?: () => void
  /** Aborting ends discovery: nothing is known then. */
  readonly signal?: AbortSignal
}

type Target = Report['targets'][number]

/**
 * Finds out what the targets can, each finding with its evidence: the same words in every run against the same
 * target. Both are asked at once.
 * @throws SetupError where a target cannot be reached or is not of its protocol.
 */
export async function discoverTargets(
  environment: Omit<SessionEnvironment, 'observer'>,
  options: DiscoveryOptions = {},
): Promise<Target[]> {
  const endpoints = [environment.websocket, environment.sse].filter((endpoint) => endpoint !== null)
  const all = await Promise.allSettled(
    endpoints.map((endpoint) => discoverOne(environment, endpoint, options)),
  )
  return all.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
}

/** The run begins behind discovery: who is connected now is nobody's suspect. */
const nobody: ConnectionObserver = { opened: () => () => undefined, refused: () => undefined }

/** As `nobody`, but takes notice of refusals: what was asked side by side is asked again one by one then. */
class Refusals implements ConnectionObserver {
  some = false
  opened(): () => void {
    return () => undefined
  }
  refused(): void {
    this.some = true
  }
}

async function discoverOne(
  environment: Omit<SessionEnvironment, 'observer'>,
  endpoint: Endpoint,
  options: DiscoveryOptions,
): Promise<Target> {
  const { protocol } = endpoint
  const role = 'server'
  const url = options.shown?.[protocol] ?? shownUrl(endpoint.url)
  const known = options.known?.[protocol]
  if (known != null) return { role, protocol, url, capabilities: known }
  options.discovering?.(protocol, url)
  await using scope = new Scope()
  const speaksOther = (): Promise<boolean> => speaksOtherProtocol(environment, endpoint)
  const ask = async (how: Both, observer: ConnectionObserver): Promise<Findings> => {
    const sessions: Session[] = []
    const measured = (): Evidence['measured'] =>
      Object.assign({}, ...sessions.map((session) => session.evidence().measured)) as Evidence['measured']
    // How long it took to open tells how long all that follows is to be waited for.
    const next = (): Kit => {
      const pace = { slowestMs: slowestOf(measured()) }
      const session = openSession({ ...environment, ...pace, observer }, `discovery/${protocol}`)
      scope.defer(() => session.close())
      sessions.push(session)
      return session.kit
    }
    const found =
      protocol === 'websocket'
        ? await websocket(next, endpoint, how, speaksOther)
        : await sse(next, endpoint, how, environment.timeScale, speaksOther)
    options.paced?.(slowestOf(measured()))
    if (measured()[broadcasts] !== undefined) options.broadcasting?.()
    await Promise.all(sessions.map((session) => session.close()))
    return found
  }
  const work = async (): Promise<Target> => {
    const refusals = new Refusals()
    const [early, ipv6] = await Promise.all([
      ask(sideBySide, refusals),
      ipv6Finding(endpoint, 1000 * environment.timeScale),
    ])
    const found = refusals.some ? await ask(oneByOne, nobody) : early
    const capabilities = asDeclared({ ...found, ipv6 }, options.expects ?? [])
    return { role, protocol, url, capabilities }
  }
  return await unlessAborted(work(), options.signal, { role, protocol, url, capabilities: {} })
}

/** Of what discovery timed: an opening, and what answers a message or a publication. */
function slowestOf(measured: Evidence['measured']): number {
  const times = Object.entries(measured).filter(([name]) => name.endsWith('Ms'))
  return Math.max(0, ...times.flatMap(([, value]) => (typeof value === 'number' ? [value] : [])))
}

/** The value, or `instead` as soon as the signal is aborted; what then becomes of the promise is nobody's matter. */
async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  instead: T,
): Promise<T> {
  if (signal === undefined) return promise
  let stop = (): void => undefined
  const aborted = new Promise<T>((resolve) => {
    stop = () => resolve(instead)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

type AskOther = () => Promise<boolean>

async function websocket(
  next: () => Kit,
  endpoint: Endpoint,
  how: Both,
  speaksOther: AskOther,
): Promise<Findings> {
  const kit = next()
  const open = async (): Promise<void> => (await timed(kit, 'openMs', () => kit.connect())).reset()
  const failure = await opens(open, kit, endpoint, speaksOther)
  const found = failure ?? (await unlessItFails(() => discoverWebSocket(next(), endpoint, how)))
  if (typeof found !== 'string') return found
  return without(
    endpoint,
    ['ws.echo', 'ws.echo.binary', 'ws.deflate', 'ws.subprotocol', 'ws.tls', 'ws.plain'],
    found,
  )
}

async function sse(
  next: () => Kit,
  endpoint: Endpoint,
  how: Both,
  scale: number,
  speaksOther: AskOther,
): Promise<Findings> {
  const kit = next()
  const open = async (): Promise<void> => (await timed(kit, 'openMs', () => kit.subscribe())).close()
  const failure = await opens(open, kit, endpoint, speaksOther)
  const found = failure ?? (await unlessItFails(() => discoverSse(next(), endpoint, how, scale)))
  if (typeof found !== 'string') return found
  return without(
    endpoint,
    [
      ...([
        'sse.publish',
        'sse.publish.verbatim',
        'sse.publish.event',
        'sse.publish.id',
        'sse.publish.binary',
        'sse.events',
        'sse.ids',
      ] as const),
      ...(['sse.shared-ids', 'sse.resume', 'sse.heartbeat', 'sse.endless', 'sse.tls', 'sse.plain'] as const),
    ],
    found,
  )
}

/** What was found; or, where the target opened once and then not again, what was wrong with it. */
async function unlessItFails(discover: () => Promise<Findings>): Promise<Findings | string> {
  try {
    return await discover()
  } catch (error) {
    if (error instanceof Violation || error instanceof Inconclusive) return error.message
    throw error
  }
}

/**
 * Null where the target opens. Else what was wrong with it, where it is a server of its protocol all the same.
 * @throws SetupError where it is none, or cannot be reached.
 */
async function opens(
  open: () => Promise<unknown>,
  kit: Kit,
  endpoint: Endpoint,
  speaksOther: AskOther,
): Promise<string | null> {
  try {
    await open()
    return null
  } catch (error) {
    if (!(error instanceof Violation) && !(error instanceof Inconclusive)) throw error
    const diagnosis = await diagnose(kit, endpoint, speaksOther)
    if (diagnosis !== null) throw diagnosis
    return error.message
  }
}

/** Whether the other protocol is spoken where this one is not: the commonest of all mistakes. */
async function speaksOtherProtocol(
  environment: Omit<SessionEnvironment, 'observer'>,
  endpoint: Endpoint,
): Promise<boolean> {
  const isStream = endpoint.protocol === 'sse'
  const url = new URL(endpoint.url)
  url.protocol =
    { 'ws:': 'http:', 'wss:': 'https:', 'http:': 'ws:', 'https:': 'wss:' }[url.protocol] ?? url.protocol
  const other: Endpoint = { ...endpoint, protocol: isStream ? 'websocket' : 'sse', url }
  const session = openSession(
    { ...environment, [other.protocol]: other, observer: nobody },
    'discovery/other',
  )
  try {
    if (isStream) return (await session.kit.handshake()).head?.status === 101
    await session.kit.subscribe()
    return true
  } catch (error) {
    if (error instanceof Violation || error instanceof Inconclusive) return false
    throw error
  } finally {
    await session.close()
  }
}

/** A server of its protocol with which no connection stands: nothing can be found, and the checks say why. */
function without(endpoint: Endpoint, capabilities: readonly Capability[], failure: string): Findings {
  const finding = absent(`no connection stood to ask on: ${failure}`)
  return {
    ...Object.fromEntries(capabilities.map((capability) => [capability, finding])),
    ...originFindings(endpoint),
    [endpoint.protocol === 'websocket' ? 'ws.plain' : 'sse.plain']: plainFinding(endpoint),
  }
}

/** Whether the host has an IPv6 address at which its port is open, seen from here. */
async function ipv6Finding({ url }: Endpoint, withinMs: number): Promise<CapabilityFinding> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (net.isIP(host) === 4) return absent('the URL names an IPv4 address: give the host by its name')
  const address = await ipv6AddressOf(url)
  if (address === null) return absent('the host has no IPv6 address')
  const { port } = addressOf(url)
  return (await acceptsConnection(address, port, withinMs))
    ? present('the port is open at the IPv6 address of the host')
    : absent('no connection to the IPv6 address of the host: this machine, or the server, lacks IPv6')
}
