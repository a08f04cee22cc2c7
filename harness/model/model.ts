/** The words of a check and of its result. Everything else in the house speaks in these. */

export type Protocol = 'websocket' | 'sse' | 'both'

/** How binding a requirement is; RFC 2119 words, and INFO for a measurement. */
export type Level = 'MUST' | 'SHOULD' | 'MAY' | 'INFO'

export const specs = [
  'RFC6455',
  'RFC7692',
  'RFC8441',
  'RFC9110',
  'RFC9112',
  'HTML',
  'FETCH',
  'OWASP',
  'EXPECTATIONS',
  'STREAMPROOF',
] as const

export type Spec = (typeof specs)[number]

/**
 * Where a requirement stands. `section` is the number of an RFC's section (`5.5.1`), the anchor of an HTML or
 * Fetch section (`the-last-event-id-header`), an id of the documented expectations (`EXP-REC-3`), or a short
 * name of a rule of our own.
 */
export interface Clause {
  readonly spec: Spec
  readonly section: string
}

export const topics = [
  'connection',
  'compatibility',
  'performance',
  'reconnection',
  'security',
  'limitations',
  'scalability',
  'protocol',
] as const

export type Topic = (typeof topics)[number]

/** What a check needs of a target. Found by discovery, with evidence, or declared in the contract. */
export const capabilities = [
  /** A text message comes back unchanged, as text. */
  'ws.echo',
  /** A binary message comes back unchanged, as binary. */
  'ws.echo.binary',
  /** permessage-deflate is accepted when offered. */
  'ws.deflate',
  /** The contract names a subprotocol that the server speaks. */
  'ws.subprotocol',
  /** The contract names an origin to refuse. */
  'ws.denied-origin',
  /** The contract names an origin to accept. */
  'ws.allowed-origin',
  /** The service is reachable by wss (the URL itself, or the contract's `secureUrl`). */
  'ws.tls',
  /** The contract names a plain-text address that must not serve what the secure one serves. */
  'ws.plain',
  /** Events can be published by the contract's means, and a published nonce arrives. */
  'sse.publish',
  /** What is published arrives as it is: the data of an event are the published text, not JSON around it or made of it. */
  'sse.publish.verbatim',
  /** The publisher can set an event's name. */
  'sse.publish.event',
  /** The publisher can set an event's id. */
  'sse.publish.id',
  /** Published bytes need not be UTF-8. */
  'sse.publish.binary',
  /** Events arrive: published, or by themselves within the discovery window. */
  'sse.events',
  /** Events carry ids. */
  'sse.ids',
  /** Two connections see the same event under the same id. */
  'sse.shared-ids',
  /** A known Last-Event-ID makes the server replay. */
  'sse.resume',
  /** Something is sent on an idle stream within the discovery window. */
  'sse.heartbeat',
  /** The stream does not end by itself within the discovery window. */
  'sse.endless',
  'sse.denied-origin',
  'sse.allowed-origin',
  'sse.tls',
  'sse.plain',
  /** The target's host also answers on an IPv6 address, and this machine can reach it. */
  'ipv6',
] as const

export type Capability = (typeof capabilities)[number]

/** `broken`: half of it works; checks that need it run, and say what is wrong. */
export interface CapabilityFinding {
  readonly state: 'present' | 'absent' | 'broken'
  /** One sentence: what was sent, what came back, or which option would turn it on. */
  readonly evidence: string
}

export type Capabilities = Readonly<Record<Capability, CapabilityFinding>>

export type Verdict =
  | 'pass'
  | 'fail'
  | 'warn'
  | 'notice'
  | 'not-applicable'
  | 'blocked'
  | 'inconclusive'
  | 'harness-error'

/** How a connection ended: apart from what was exchanged on it. */
export interface Ending {
  readonly by: 'target' | 'harness' | 'proxy'
  readonly how: 'close-frame' | 'fin' | 'rst' | 'timeout'
  /** Close code, when a Close frame carried one. */
  readonly code: number | null
}

/** One line of a transcript. `hex` is redacted and may be cut; then it ends in `..`. */
export interface TranscriptEntry {
  /** Milliseconds since the check began. */
  readonly ms: number
  readonly from: 'harness' | 'target' | 'proxy'
  readonly kind: 'open' | 'head' | 'frame' | 'bytes' | 'event' | 'end' | 'note'
  readonly note: string
  readonly hex: string | null
}

/** A fault that was in force, and how it was proven to have struck. */
export interface FaultRecord {
  readonly name: string
  readonly direction: 'client-to-server' | 'server-to-client' | 'both'
  readonly settings: Readonly<Record<string, number>>
  readonly proof: string
  /** What the engine noted by itself; absent where it notes nothing, as a real Toxiproxy. Nothing depends on it. */
  readonly log?: readonly FaultLogEntry[]
}

/** One of the first connections that a fault met, as the engine saw it. Figures differ from run to run. */
export interface FaultLogEntry {
  /** Number at its proxy in the order of acceptance, from 1: connections without the fault count as well. */
  readonly connection: number
  /** The first thing that the fault did to it: by which toxic, at which byte of its direction. Null: the link went down. */
  readonly hit: {
    readonly toxic: string
    readonly direction: 'client-to-server' | 'server-to-client'
    readonly byte: number
    readonly ms: number
  } | null
  /** Null: it stood when the engine was asked, or the engine has no word for it. */
  readonly ending: {
    readonly by: 'harness' | 'target' | 'proxy'
    readonly how: 'fin' | 'rst' | 'down' | 'refused'
  } | null
  readonly durationMs: number
  /** What the proxy passed on. */
  readonly clientToServerBytes: number
  readonly serverToClientBytes: number
}
