import { createHash } from 'node:crypto'
import { Scope } from '#common/scope'
import type { Ending, FaultLogEntry, FaultRecord } from '#model/model'
import { Inconclusive } from '#model/errors'
import { Transcript } from '#wire/transcript'
import type { Fault, FaultProxy } from '#proxies/types'
import type { Endpoint } from './endpoint.ts'
import type { Evidence, Route } from '#peers/kit'
import { freshNonce } from '#peers/kit/nonce'
import type { SessionCheck, SessionEnvironment } from './session.ts'
import type { Connection } from '#peers/net/connection'

/** How long each kind of wait lasts, in ms. Everything that waits takes its limit from here. */
export interface Limits {
  /** Name lookup, TCP and TLS. */
  readonly connect: number
  /** From a whole request to the whole head of its answer. */
  readonly head: number
  /** From a frame or request to what answers it. */
  readonly reply: number
  /** From the reason to end a connection to its end. */
  readonly end: number
  /** From a publication to its event. */
  readonly event: number
  /** How long nothing must come where no barrier can prove it. */
  readonly quiet: number
}

export const limits: Limits = { connect: 5000, head: 3000, reply: 2000, end: 2000, event: 3000, quiet: 300 }

/** How many times as long as its slowest answer a target is waited for at least: slowness alone breaks no rule. */
const patience = 4

/** What the verbs of one session share. Holds secrets (the endpoints' headers): never part of evidence. */
export interface SessionContext {
  readonly environment: SessionEnvironment
  readonly check: SessionCheck
  /** Owns all that is opened. */
  readonly scope: Scope
  /** Already multiplied by the run's time scale, and no shorter than the target's own pace asks for. */
  readonly limits: Limits
  /** Redacts by itself. Never hand it the payload of an opening exchange or a publication. */
  readonly transcript: Transcript
  /** Milliseconds since the session began, of a monotonic clock. */
  now(): number
  /** Milliseconds, multiplied by the run's time scale. */
  scaled(ms: number): number
  /**
   * The server that this context is bound to; unbound, the one of the check's own protocol. The scheduler runs a check
   * only where its targets exist: TypeError otherwise.
   */
  readonly endpoint: Endpoint
  /** The server of this protocol. Throws a TypeError where the run has none. */
  endpointOf(protocol: string): Endpoint
  /** This context, bound to the server of a protocol: what the verbs of that protocol are made from. */
  boundTo(protocol: string): SessionContext
  /** Straight to where the URL points. */
  direct(url: URL): Route
  /** Opens a proxy of this session to where the URL points. */
  openLink(url: URL): Promise<FaultProxy>
  /** The way through a link under these faults; what it ends is ended by the link. */
  through(link: FaultProxy, faults: readonly Fault[]): Route
  nonce(): string
  randomBytes(length: number): Uint8Array
  measure(name: string, value: number | string): void
  /** `log`: asks the engine what it noted of the fault; null where that cannot be had. */
  addFault(record: FaultRecord, log: () => Promise<readonly FaultLogEntry[] | null>): void
  /** Adds to the faults what the engine noted of them. Called by a verb when it is done, while its links are open. */
  readLogs(): Promise<void>
  /** The connections that were opened on a route, in order. */
  connectionsOn(route: Route): Connection[]
  /** A verb has judged a connection: this is how it ended, or null while it stands. The last one is reported. */
  judged(ending: Ending | null): void
  evidence(): Evidence
}

export function openContext(environment: SessionEnvironment, check: SessionCheck): SessionContext {
  const start = performance.now()
  const now = (): number => performance.now() - start
  const scaled = (ms: number): number => ms * environment.timeScale
  // Whole numbers: not every client takes others for a limit.
  const patient = (ms: number): number =>
    Math.ceil(Math.max(scaled(ms), patience * (environment.slowestMs ?? 0)))
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
  const random = randomStream(`${environment.seed}/${check.id}`)
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
      connect: patient(limits.connect),
      head: patient(limits.head),
      reply: patient(limits.reply),
      end: patient(limits.end),
      event: patient(limits.event),
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
    async openLink(url) {
      if (environment.engine === null) throw new TypeError(`${check.id} ran without an engine`)
      const link = await environment.engine.open(addressOf(url)).catch((error: unknown) => {
        throw new Inconclusive('engine-failed', 'the engine did not open a proxy', { cause: error })
      })
      scope.defer(() => link.close())
      return link
    },
    through(link, faults) {
      const severs = faults.some((fault) => fault.severs)
      // What is cut off is not worth waiting for any longer than usual.
      const patience = faults.length > 0 && !severs ? 3 : 1
      return { kind: 'proxy', host: link.host, port: link.port, severs, patience }
    },
    nonce: freshNonce,
    randomBytes: random,
    measure(name, value) {
      measured[name] = typeof value === 'string' ? redactor.text(value) : value
    },
    addFault(record, log) {
      unread.set(faults.push(record) - 1, log)
    },
    async readLogs() {
      const due = [...unread]
      unread.clear()
      await Promise.all(
        due.map(async ([index, read]) => {
          // Evidence beside the proof: where it cannot be had, nothing is missing.
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

const secureSchemes = new Set(['wss:', 'https:'])

export function isSecure(url: URL): boolean {
  return secureSchemes.has(url.protocol)
}

/** Host (an IPv6 address without brackets) and port of a URL. */
export function addressOf(url: URL): { readonly host: string; readonly port: number } {
  const port = url.port === '' ? (isSecure(url) ? 443 : 80) : Number(url.port)
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port }
}

/** Pseudo-random bytes that depend on the key alone: SHA-256 in counter mode. */
function randomStream(key: string): (length: number) => Uint8Array {
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
