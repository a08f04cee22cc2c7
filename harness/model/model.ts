import type { CapabilityFinding } from './evidence.ts'

/** The words of a check and of its result, which all other folders use. */

export type { CapabilityFinding, Ending, FaultLogEntry, FaultRecord, TranscriptEntry } from './evidence.ts'

export type Protocol = 'websocket' | 'sse' | 'both'

/** How binding a requirement is; RFC 2119 words, and INFO for a measurement. */
export const levels = ['MUST', 'SHOULD', 'MAY', 'INFO'] as const

export type Level = (typeof levels)[number]

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

export type Capabilities = Readonly<Record<Capability, CapabilityFinding>>

export const verdicts = [
  'pass',
  'fail',
  'warn',
  'notice',
  'not-applicable',
  'blocked',
  'inconclusive',
  'harness-error',
] as const

export type Verdict = (typeof verdicts)[number]
