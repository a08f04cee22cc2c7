import type { StreamDirection } from '#proxies/embedded/toxics/toxic'

/** Something that a toxic did to a connection for the first time, or that ended it. */
export interface ToxicEvent {
  /** ms since the connection was accepted. */
  readonly ms: number
  /** `hit`: the toxic got its first bytes; `end`: it ended the direction by itself; `reset`: it reset the connection. */
  readonly what: 'hit' | 'end' | 'reset'
  readonly toxic: string
  readonly type: string
  readonly stream: StreamDirection
  /**
   * Where in the direction: bytes that had come to this toxic before its first (`hit`), or that it had let go on (`end`,
   * `reset`); of what came before the toxic did, all.
   */
  readonly byte: number
}

/** One connection, as the event log shows it. */
export interface ConnectionRecord {
  /** In the order of acceptance, from 1. */
  readonly number: number
  readonly client: string
  readonly upstream: string
  /** When it was accepted: ms of `now`. */
  readonly acceptedAt: number
  readonly state: 'dialling' | 'open' | 'closed'
  /**
   * What ended it, as soon as that is known; null before. `fin by` and `rst by` client or upstream: the wire; `lost by`:
   * the system gave that side up (it answered nothing any more); `end by` and `reset by` a toxic, by its name; `refused`:
   * the upstream could not be reached; `stopped`: the proxy was; `closed by the API`, `reset by the API`.
   */
  readonly ending: string | null
  readonly durationMs: number
  readonly bytes: Readonly<Record<StreamDirection, { readonly received: number; readonly sent: number }>>
  readonly events: readonly ToxicEvent[]
}

/** Events kept of one connection, and closed connections kept of one proxy. */
export const eventLimit = 100
export const recordLimit = 1000

export type ConnectionJson = Omit<ConnectionRecord, 'acceptedAt'> & {
  /** ISO 8601. */
  readonly accepted: string
}

/** As the API shows it. */
export function connectionJson({
  number,
  client,
  upstream,
  acceptedAt,
  ...rest
}: ConnectionRecord): ConnectionJson {
  const accepted = new Date(performance.timeOrigin + acceptedAt).toISOString()
  return { number, client, upstream, accepted, ...rest }
}
