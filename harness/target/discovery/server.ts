import net from 'node:net'
import { Inconclusive, Violation } from '#model/errors'
import type { CapabilityFinding } from '#model/model'
import { Scope } from '#common/scope'
import { addressOf } from '#common/url'
import type { Endpoint } from '#peers/session/endpoint'
import { ipv6AddressOf } from '#peers/net/ipv6'
import { openSession } from '#peers/session/open-session'
import type { ConnectionObserver, Session } from '#peers/session/session'
import { acceptsConnection } from '#target/drivers/tcp'
import { protocolOf } from '#target/protocol'
import type { Discovered, DiscoveryQuestion, ProtocolModule, TargetDiscovery } from '#target/protocol'
import { diagnose } from './diagnose.ts'
import type { FirstAnswer } from './diagnose.ts'
import { absent, contractFindings, oneByOne, present, sideBySide } from './findings.ts'
import type { Both, Findings } from './findings.ts'
import { Timing } from './timing.ts'

/** What a protocol adds to the discovery of its servers. */
export interface ServerQuestions<Kit> {
  /** Opens one connection as every client would, and ends it. @throws Violation or Inconclusive where that fails. */
  open(kit: Kit): Promise<void>
  /** Finds every capability of the protocol that no key of the contract decides. */
  find(asked: FindQuestion<Kit>): Promise<Found>
  /** Whether this protocol is spoken at an address where another protocol was expected. */
  speaks(kit: Kit): Promise<boolean>
  readonly firstAnswer: FirstAnswer<Kit>
}

export interface FindQuestion<Kit> {
  readonly kit: Kit
  readonly endpoint: Endpoint
  /** Asks two questions: side by side, or one after the other where a target accepts few connections. */
  readonly how: Both
  readonly timeScale: number
  readonly timing: Timing
}

export interface Found {
  readonly findings: Findings
  /** Messages of one connection reach other connections. */
  readonly broadcasts: boolean
}

/** The run begins after discovery, so no check is suspected of what happens here. */
const nobody: ConnectionObserver = { opened: () => () => undefined, refused: () => undefined }

/** Notes whether the target refused a connection: what was asked side by side is then asked again one by one. */
class Refusals implements ConnectionObserver {
  some = false
  opened(): () => void {
    return () => undefined
  }
  refused(): void {
    this.some = true
  }
}

/** The discovery of a protocol's servers. */
export function serverDiscovery<Kit>(questions: ServerQuestions<Kit>): TargetDiscovery<Kit> {
  return {
    discover: (question) => discoverServer(questions, question),
    speaks: (kit) => questions.speaks(kit),
  }
}

async function discoverServer<Kit>(
  questions: ServerQuestions<Kit>,
  question: DiscoveryQuestion<Kit>,
): Promise<Discovered> {
  const { endpoint } = question.target
  if (endpoint === null) throw new TypeError('a server has an endpoint')
  const refusals = new Refusals()
  const [early, ipv6] = await Promise.all([
    ask(questions, question, { endpoint, how: sideBySide, observer: refusals }),
    ipv6Finding(endpoint, 1000 * question.environment.timeScale),
  ])
  const found = refusals.some
    ? await ask(questions, question, { endpoint, how: oneByOne, observer: nobody })
    : early
  return {
    findings: { ...found.findings, ipv6 },
    // What was seen side by side stays true: one by one, nothing listens while another connection sends.
    slowestMs: Math.max(early.slowestMs, found.slowestMs),
    broadcasts: early.broadcasts || found.broadcasts,
  }
}

interface Manner {
  readonly endpoint: Endpoint
  readonly how: Both
  readonly observer: ConnectionObserver
}

/** Asks everything once. Where no connection stays open to ask on, every finding says what was wrong with it. */
async function ask<Kit>(
  questions: ServerQuestions<Kit>,
  { environment, registry, target }: DiscoveryQuestion<Kit>,
  { endpoint, how, observer }: Manner,
): Promise<Discovered> {
  const protocol = protocolOf(registry, target.protocol)
  const timing = new Timing()
  await using scope = new Scope()
  const next = (): Kit => {
    // How long the server took so far decides how long it is waited for from now on.
    const session: Session<Kit> = openSession(
      { ...environment, slowestMs: timing.slowestMs, observer },
      { id: `discovery/${target.protocol}`, protocol: target.protocol },
      (context) => registry.openKit(context),
    )
    scope.defer(() => session.close())
    return session.kit
  }
  const first = next()
  const failure = await failureOf(() => timing.of(() => questions.open(first)))
  if (failure !== null) {
    const diagnosis = await diagnose(first, endpoint, questions.firstAnswer, protocol, () =>
      otherProtocol(protocol, endpoint, { environment, registry }),
    )
    if (diagnosis !== null) throw diagnosis
    return { findings: nothingFound(protocol, endpoint, failure), broadcasts: false, slowestMs: 0 }
  }
  let found: Found = { findings: {}, broadcasts: false }
  const { timeScale } = environment
  const later = await failureOf(async () => {
    found = await questions.find({ kit: next(), endpoint, how, timeScale, timing })
  })
  const findings =
    later === null
      ? { ...found.findings, ...contractFindings(protocol, endpoint) }
      : nothingFound(protocol, endpoint, later)
  return { findings, broadcasts: found.broadcasts, slowestMs: timing.slowestMs }
}

/** Null where this succeeds; else what the target did wrong, or why it could not be asked. */
async function failureOf(act: () => Promise<void>): Promise<string | null> {
  try {
    await act()
    return null
  } catch (error) {
    if (error instanceof Violation || error instanceof Inconclusive) return error.message
    throw error
  }
}

/** The protocol that is spoken where this one is not, if it is one that we know: the commonest mistake of all. */
async function otherProtocol<Kit>(
  expected: ProtocolModule<Kit>,
  endpoint: Endpoint,
  { environment, registry }: Pick<DiscoveryQuestion<Kit>, 'environment' | 'registry'>,
): Promise<ProtocolModule<Kit> | null> {
  for (const other of registry.protocols) {
    const speaks = other.discovery.server?.speaks?.bind(other.discovery.server)
    if (other.id === expected.id || speaks === undefined) continue
    const url = new URL(endpoint.url)
    // The setter of `protocol` refuses to change between special and other schemes.
    if (url.protocol === expected.schemes.secure) url.protocol = other.schemes.secure
    else url.protocol = other.schemes.plain
    const session = openSession(
      { ...environment, endpoints: [{ ...endpoint, protocol: other.id, url }], observer: nobody },
      { id: `discovery/${other.id}`, protocol: other.id },
      (context) => registry.openKit(context),
    )
    try {
      if (await speaks(session.kit)) return other
    } catch (error) {
      if (!(error instanceof Violation) && !(error instanceof Inconclusive)) throw error
    } finally {
      await session.close()
    }
  }
  return null
}

/** Findings for a server of the protocol with which no connection stays open: the checks say what is wrong. */
function nothingFound(protocol: ProtocolModule<never>, endpoint: Endpoint, failure: string): Findings {
  const finding = absent(`no connection stayed open to ask on: ${failure}`)
  return {
    ...Object.fromEntries(Object.keys(protocol.capabilities).map((capability) => [capability, finding])),
    ...contractFindings(protocol, endpoint),
  }
}

/** Whether the host has an IPv6 address at which its port is open, seen from here. */
async function ipv6Finding({ url }: Endpoint, withinMs: number): Promise<CapabilityFinding> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (net.isIP(host) === 4) return absent('the URL names an IPv4 address; give the host by its name')
  const address = await ipv6AddressOf(url)
  if (address === null) return absent('the host has no IPv6 address')
  const { port } = addressOf(url)
  return (await acceptsConnection(address, port, withinMs))
    ? present('the port is open at the IPv6 address of the host')
    : absent('no connection to the IPv6 address of the host: this machine or the server has no IPv6')
}
