import { strictHttp } from './http/rules.ts'
import type { HttpRules } from './http/rules.ts'
import { strictSse } from './sse/rules.ts'
import type { SseRules } from './sse/rules.ts'
import { strictWebSocket } from './websocket/rules.ts'
import type { WebSocketRules } from './websocket/rules.ts'

/** Rules of the whole server, for every protocol. */
export interface ServerRules {
  /**
   * `serve`: as the standards require. `mute`: accepts connections and sends nothing. `accept-everything`: grants
   * every request and accepts every input. `dead`: ends every connection at once, with a FIN. `reset`: the same, with
   * a RST.
   */
  readonly service: 'serve' | 'mute' | 'accept-everything' | 'dead' | 'reset'
  /** Whether connections to the IPv6 address are served, or accepted and left without an answer. */
  readonly ipv6: 'serve' | 'ignore'
  /** The certificate of the TLS ports: signed by the reference's authority or by an unknown one, for another name, or expired. */
  readonly certificate: 'trusted' | 'self-signed' | 'other-name' | 'expired'
  /** The oldest TLS version that the server accepts. */
  readonly oldestTls: 'TLSv1.2' | 'TLSv1.1'
  /** Whether a plain-text request to a TLS port ends the connection or is served. */
  readonly plainTextOnTlsPort: 'refuse' | 'serve'
  /** Whether the plain-text addresses of the secure service reject or redirect requests, or serve them. */
  readonly plainAddress: 'refuse' | 'serve'
}

/** All rules of the reference server: plain values and functions. A mutant replaces one or a few of them. */
export interface Rules extends ServerRules, HttpRules, WebSocketRules, SseRules {}

const strictServer: ServerRules = {
  service: 'serve',
  ipv6: 'serve',
  certificate: 'trusted',
  oldestTls: 'TLSv1.2',
  plainTextOnTlsPort: 'refuse',
  plainAddress: 'refuse',
}

const strictRules: Rules = { ...strictServer, ...strictHttp, ...strictWebSocket, ...strictSse }

/** The strict rules, with the mutant's rules in place of the strict ones. */
export function rulesFor(mutant: { readonly rules: Partial<Rules> } | null): Rules {
  return { ...strictRules, ...mutant?.rules }
}
