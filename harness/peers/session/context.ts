import { createHash } from 'node:crypto'
import { Scope } from '#common/scope'
import { addressOf } from '#common/url'
import type { Ending, FaultLogEntry, FaultRecord } from '#model/model'
import { Inconclusive } from '#model/errors'
import { Transcript } from '#wire/transcript'
import type { Fault, FaultProxy } from '#proxies/types'
import type { Endpoint } from './endpoint.ts'
import type { Evidence, Route } from '#peers/kit'
import { freshNonce } from '#peers/kit/nonce'
import type { SessionCheck, SessionEnvironment } from './session.ts'
import type { Connection } from '#peers/net/connection'

/** The limit of each kind of wait, in ms. Every wait takes its limit from here. */
interface Limits {
  /** Name lookup, TCP and TLS. */
  readonly connect: number
  /** From the end of a request to the end of the head of its response. */
  readonly head: number
  /** From a frame or request to its answer. */
  readonly reply: number
  /** From the cause of an ending to the end of the connection. */
  readonly end: number
  /** From a publication to its event. */
  readonly event: number
  /** For bytes that must not arrive, if no later answer can prove it. */
  readonly quiet: number
}

const limits: Limits = { connect: 5000, head: 3000, reply: 2000, end: 2000, event: 3000, quiet: 300 }

/** Multiple of the slowest answer during discovery that every limit lasts at least: to be slow breaks no rule. */
const slownessFactor = 4

/** What the verbs of one session share. Holds secrets (the endpoints' headers), so it is never part of evidence. */
export interface SessionContext {
  readonly environment: SessionEnvironment
  readonly check: SessionCheck
  /** Owns everything that the session opens. */
  readonly scope: Scope
  /** Multiplied by the run's time scale, and long enough for the slowest answer of the target. */
  readonly limits: Limits
  /** Redacts what it is given. Must not be given the payload of an opening exchange or of a publication. */
  readonly transcript: Transcript
  /** Milliseconds since the session began, by a monotonic clock. */
  now(): number
  /** Milliseconds, multiplied by the run's time scale. */
  scaled(ms: number): number
  /**
   * The server that this context is bound to; unbound, the one of the check's own protocol. The scheduler runs a check
   * only if its targets exist: TypeError otherwise.
   */
  readonly endpoint: Endpoint
  /** The server of this protocol. Throws a TypeError if the run has none. */
  endpointOf(protocol: string): Endpoint
  /** This context, bound to the server of a protocol: what the verbs of that protocol are made from. */
  boundTo(protocol: string): SessionContext
  /** The route from the harness to the host of the URL. */
  direct(url: URL): Route
  /** Opens a proxy to the host of the URL, which is closed with the session. */
  openProxy(url: URL): Promise<FaultProxy>
  /** The route through a proxy under these faults. If one ends connections, the proxy is what ended them. */
  through(proxy: FaultProxy, faults: readonly Fault[]): Route
  nonce(): string
  randomBytes(length: number): Uint8Array
  measure(name: string, value: number | string): void
  /** `log` asks the engine for its log of the fault; null if the engine keeps none. */
  addFault(record: FaultRecord, log: () => Promise<readonly FaultLogEntry[] | null>): void
  /** Adds the engine's log to the faults. A verb calls it at its end, while its proxies are open. */
  readFaultLogs(): Promise<void>
  /** The connections that were opened on a route, in order. */
  connectionsOn(route: Route): Connection[]
  /** Records how a connection that a verb judged ended; null if it is open. The last call is reported. */
  judged(ending: Ending | null): void
  evidence(): Evidence
}

export function openContext(environment: SessionEnvironment, check: SessionCheck): SessionContext {
  const start = performance.now()
  const now = (): number => performance.now() - start
  const scaled = (ms: number): number => ms * environment.timeScale
  // Some clients accept only whole numbers as limits.
  const limitOf = (ms: number): number =>
    Math.ceil(Math.max(scaled(ms), slownessFactor * (environment.slowestMs ?? 0)))
  const scope = new Scope()
  const { redactor } = environment
  const transcript = new Transcript({
    now,
    redactText: (value) => redactor.text(value),
    redactBytes: (value) => redactor.bytes(value),
  })
  const faults: FaultRecord[] = []
  const unread = new Map<number, () => Promise<readonly FaultLogEntry[] | null>>()
  const measured: Record<string, number | string> = {}
  const random = seededBytes(`${environment.seed}/${check.id}`)
  const connections = new WeakMap<Route, Connection[]>()
  let close: Ending | null = null
  const endpointOf = (protocol: string | null): Endpoint => {
    const found = environment.endpoints.find((endpoint) => endpoint.protocol === protocol)
    if (found === undefined)
      throw new TypeError(`${check.id} ran without a target of the protocol ${protocol ?? 'it did not name'}`)
    return found
  }
  const context: SessionContext = {
    environment,
    check,
    scope,
    limits: {
      connect: limitOf(limits.connect),
      head: limitOf(limits.head),
      reply: limitOf(limits.reply),
      end: limitOf(limits.end),
      event: limitOf(limits.event),
      quiet: Math.ceil(scaled(limits.quiet)),
    },
    transcript,
    now,
    scaled,
    get endpoint() {
      return endpointOf(check.protocol)
    },
    endpointOf,
    boundTo: (protocol) =>
      Object.create(context, { endpoint: { get: () => endpointOf(protocol) } }) as SessionContext,
    direct: (url) => ({ kind: 'direct', ...addressOf(url), severs: false }),
    async openProxy(url) {
      if (environment.engine === null) throw new TypeError(`${check.id} ran without an engine`)
      const proxy = await environment.engine.open(addressOf(url)).catch((error: unknown) => {
        throw new Inconclusive('engine-failed', 'the engine did not open a proxy', { cause: error })
      })
      scope.defer(() => proxy.close())
      return proxy
    },
    through(proxy, faults) {
      const severs = faults.some((fault) => fault.severs)
      // A slow proxy needs longer limits; one that ends connections does not.
      const patience = faults.length > 0 && !severs ? 3 : 1
      return { kind: 'proxy', host: proxy.host, port: proxy.port, severs, patience }
    },
    nonce: freshNonce,
    randomBytes: random,
    measure(name, value) {
      measured[name] = typeof value === 'string' ? redactor.text(value) : value
    },
    addFault(record, log) {
      unread.set(faults.push(record) - 1, log)
    },
    async readFaultLogs() {
      const due = [...unread]
      unread.clear()
      await Promise.all(
        due.map(async ([index, read]) => {
          // The log is additional evidence: the fault is proven without it.
          const log = await read().catch(() => null)
          const record = faults[index]
          if (log !== null && log.length > 0 && record !== undefined)
            faults[index] = { ...record, log: [...log] }
        }),
      )
    },
    connectionsOn(route) {
      const opened = connections.get(route) ?? []
      connections.set(route, opened)
      return opened
    },
    judged(ending) {
      close = ending
    },
    evidence: () => ({
      transcript: transcript.entries(),
      faults: [...faults],
      measured: { ...measured },
      close,
    }),
  }
  return context
}

/** Pseudo-random bytes that depend on the key alone: SHA-256 in counter mode. */
function seededBytes(key: string): (length: number) => Uint8Array {
  let counter = 0
  return (length) => {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 32) {
      const block = createHash('sha256').update(`${key}/${counter++}`).digest()
      bytes.set(block.subarray(0, Math.min(32, length - at)), at)
    }
    return bytes
  }
}
