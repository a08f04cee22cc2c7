import { strictHttp } from './http/rules.ts'
import type { HttpRules } from './http/rules.ts'
import { strictSse } from './sse/rules.ts'
import type { SseRules } from './sse/rules.ts'
import { strictWebSocket } from './websocket/rules.ts'
import type { WebSocketRules } from './websocket/rules.ts'

/** Rules of the whole server, whatever is spoken over it. */
export interface ServerRules {
  /**
   * `serve`: as it should. `mute`: connections are accepted, nothing is ever said on them. `accept-everything`:
   * whatever is asked is granted, and whatever is sent is taken. `dead`: every connection is ended at once.
   */
  readonly service: 'serve' | 'mute' | 'accept-everything' | 'dead'
  /** What a connection to the IPv6 address meets: service, or silence. */
  readonly ipv6: 'serve' | 'ignore'
  /** The certificate of the TLS ports: of the reference's own authority, of one that nobody knows, for another name, or expired. */
  readonly certificate: 'trusted' | 'self-signed' | 'other-name' | 'expired'
  /** The oldest TLS version that is spoken. */
  readonly oldestTls: 'TLSv1.2' | 'TLSv1.1'
  /** What a plain-text request to a TLS port meets: an end, or service. */
  readonly plainTextOnTlsPort: 'refuse' | 'serve'
  /** What the plain-text addresses of the secure service do: refuse or redirect, or serve. */
  readonly plainAddress: 'refuse' | 'serve'
}

/** Everything that the reference server goes by: plain values and functions, each of which a mutant may change. */
export interface Rules extends ServerRules, HttpRules, WebSocketRules, SseRules {}

const strictServer: ServerRules = {
  service: 'serve',
  ipv6: 'serve',
  certificate: 'trusted',
  oldestTls: 'TLSv1.2',
  plainTextOnTlsPort: 'refuse',
  plainAddress: 'refuse',
}

export const strictRules: Rules = { ...strictServer, ...strictHttp, ...strictWebSocket, ...strictSse }

/** The strict rules, with those of the mutant in their place. */
export function rulesFor(mutant: { readonly rules: Partial<Rules> } | null): Rules {
  return { ...strictRules, ...mutant?.rules }
}
