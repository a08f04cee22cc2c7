import type { StreamDirection } from '#proxies/embedded/toxics/toxic'

/** The first bytes that reached a toxic, or the end that a toxic caused. */
export interface ToxicEvent {
  /** ms since the connection was accepted. */
  readonly ms: number
  /** `hit`: the toxic received its first bytes; `end`: it ended the direction by itself; `reset`: it reset the connection. */
  readonly what: 'hit' | 'end' | 'reset'
  readonly toxic: string
  readonly type: string
  readonly stream: StreamDirection
  /**
   * Position in the bytes of the direction: how many had reached this toxic before its first ones (`hit`), or how many it
   * had passed on (`end`, `reset`). Bytes that passed before the toxic was added count.
   */
  readonly byte: number
}

/** One connection in the log. */
export interface ConnectionRecord {
  /** In the order of acceptance, from 1. */
  readonly number: number
  readonly client: string
  readonly upstream: string
  /** When it was accepted: ms of `now`. */
  readonly acceptedAt: number
  readonly state: 'dialling' | 'open' | 'closed'
  /**
   * What ended it, as soon as that is known; null before. `fin by` or `rst by` client or upstream: that side sent it; `lost
   * by`: that side stopped answering and the system dropped the connection; `end by` or `reset by` a toxic, by its name;
   * `refused`: the upstream could not be reached; `stopped`: the proxy was stopped; `closed by the API`, `reset by the API`.
   */
  readonly ending: string | null
  readonly durationMs: number
  readonly bytes: Readonly<Record<StreamDirection, { readonly received: number; readonly sent: number }>>
  readonly events: readonly ToxicEvent[]
}

/** How many events of one connection, and how many closed connections of one proxy are kept. */
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
