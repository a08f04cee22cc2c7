/** The words of a check and of its result, which all other folders use. */

export type { CapabilityFinding, Ending, FaultLogEntry, FaultRecord, TranscriptEntry } from './evidence.ts'

/** What a target does: `server`: we connect to it; `client`: it connects to us; `path`: we are at both ends of it. */
export const roles = ['server', 'client', 'path'] as const

export type Role = (typeof roles)[number]

/** How binding a requirement is; RFC 2119 words, and INFO for a measurement. */
export const levels = ['MUST', 'SHOULD', 'MAY', 'INFO'] as const

export type Level = (typeof levels)[number]

export const specs = [
  'RFC6455',
  'RFC7692',
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
 * The place of a requirement in a standard. `section` is the number of an RFC's section (`5.5.1`), the anchor of an HTML or
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

/** The worst first, as reports list them. */
export const verdicts = [
  'fail',
  'harness-error',
  'inconclusive',
  'blocked',
  'warn',
  'notice',
  'not-applicable',
  'pass',
] as const

export type Verdict = (typeof verdicts)[number]
