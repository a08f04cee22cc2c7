import type { LoggedConnection } from '#proxies/types'

/** Connections reported for one fault: the first few. */
const connectionLimit = 5

/**
 * Finds the connections that a fault affected in the connection log of a proxy (`GET /proxies/{proxy}/connections` of the
 * embedded engine): those on which one of its toxics acted or, for `link-down`, those that the proxy ended.
 * @param toxics names of the fault's toxics; null for `link-down`.
 * @returns null if the body is not such a log.
 */
export function parseConnectionLog(
  body: unknown,
  toxics: ReadonlySet<string> | null,
): readonly LoggedConnection[] | null {
  const connections = member(body, 'connections')
  if (!Array.isArray(connections)) return null
  const records: LoggedConnection[] = []
  for (const connection of connections as readonly unknown[]) {
    const { record, isAffected } = parseConnection(connection, toxics)
    if (record === null) return null
    if (isAffected) records.push(record)
  }
  // A toxic also acts on connections that are already open, such as a control that is about to close. If there are newer
  // connections, those older ones are left out.
  const recent = records.filter(({ hit }) => hit?.byte === 0)
  return (recent.length > 0 ? recent : records).slice(0, connectionLimit)
}

function parseConnection(
  connection: unknown,
  toxics: ReadonlySet<string> | null,
): { readonly record: LoggedConnection | null; readonly isAffected: boolean } {
  const number = finiteNumber(member(connection, 'number'))
  const events = member(connection, 'events')
  const bytes = member(connection, 'bytes')
  const sentUpstream = finiteNumber(member(member(bytes, 'upstream'), 'sent'))
  const sentDownstream = finiteNumber(member(member(bytes, 'downstream'), 'sent'))
  const durationMs = finiteNumber(member(connection, 'durationMs'))
  if (
    number === null ||
    sentUpstream === null ||
    sentDownstream === null ||
    durationMs === null ||
    !Array.isArray(events)
  )
    return { record: null, isAffected: false }
  const ending = member(connection, 'ending')
  const firstEvent = (events as readonly unknown[]).find((event) => {
    const toxic = member(event, 'toxic')
    return typeof toxic === 'string' && toxics?.has(toxic) === true
  })
  const record: LoggedConnection = {
    connection: number,
    hit: firstEvent === undefined ? null : parseHit(firstEvent),
    ending: parseEnding(ending),
    durationMs: rounded(durationMs),
    clientToServerBytes: sentUpstream,
    serverToClientBytes: sentDownstream,
  }
  return { record, isAffected: toxics === null ? ending === 'stopped' : record.hit !== null }
}

function parseHit(event: unknown): LoggedConnection['hit'] {
  const toxic = member(event, 'type')
  const [ms, byte] = [finiteNumber(member(event, 'ms')), finiteNumber(member(event, 'byte'))]
  // The text comes from a server that we do not control: accept one word only.
  if (typeof toxic !== 'string' || !/^\w{1,40}$/.test(toxic) || ms === null || byte === null) return null
  return {
    toxic,
    direction: member(event, 'stream') === 'upstream' ? 'client-to-server' : 'server-to-client',
    byte,
    ms: rounded(ms),
  }
}

const sides = { client: 'harness', upstream: 'target' } as const

function parseEnding(ending: unknown): LoggedConnection['ending'] {
  if (typeof ending !== 'string') return null
  if (ending === 'stopped') return { by: 'proxy', how: 'down' }
  if (ending === 'refused') return { by: 'proxy', how: 'refused' }
  if (ending.startsWith('end by ')) return { by: 'proxy', how: 'fin' }
  if (ending.startsWith('reset by ')) return { by: 'proxy', how: 'rst' }
  const [, how, side] = /^(fin|rst) by (client|upstream)$/.exec(ending) ?? []
  return side === undefined
    ? null
    : { by: sides[side as keyof typeof sides], how: how === 'rst' ? 'rst' : 'fin' }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

function finiteNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100
