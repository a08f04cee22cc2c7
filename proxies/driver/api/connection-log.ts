import type { LoggedConnection } from '#proxies/types'

/** Connections that are told of one fault: the first. */
const most = 5

/**
 * Reads the event log of a proxy (`GET /proxies/{proxy}/connections` of the embedded engine) for the connections that a
 * fault met: those that one of its toxics did something to; for a link that went down, those that it ended.
 * @param toxics names of the fault's toxics; null for a link that went down.
 * @returns null for what is no such log.
 */
export function recordsIn(
  body: unknown,
  toxics: ReadonlySet<string> | null,
): readonly LoggedConnection[] | null {
  const connections = member(body, 'connections')
  if (!Array.isArray(connections)) return null
  const records: LoggedConnection[] = []
  for (const connection of connections as readonly unknown[]) {
    const { record, isMeant } = recordOf(connection, toxics)
    if (record === null) return null
    if (isMeant) records.push(record)
  }
  // A toxic strikes what stands already, such as a control that is just being closed: that one is not meant.
  const fresh = records.filter(({ hit }) => hit?.byte === 0)
  return (fresh.length > 0 ? fresh : records).slice(0, most)
}

function recordOf(
  connection: unknown,
  toxics: ReadonlySet<string> | null,
): { readonly record: LoggedConnection | null; readonly isMeant: boolean } {
  const number = figure(member(connection, 'number'))
  const events = member(connection, 'events')
  const bytes = member(connection, 'bytes')
  const up = figure(member(member(bytes, 'upstream'), 'sent'))
  const down = figure(member(member(bytes, 'downstream'), 'sent'))
  const durationMs = figure(member(connection, 'durationMs'))
  if (number === null || up === null || down === null || durationMs === null || !Array.isArray(events))
    return { record: null, isMeant: false }
  const ending = member(connection, 'ending')
  const first = (events as readonly unknown[]).find((event) => {
    const toxic = member(event, 'toxic')
    return typeof toxic === 'string' && toxics?.has(toxic) === true
  })
  const record: LoggedConnection = {
    connection: number,
    hit: first === undefined ? null : hitOf(first),
    ending: endingOf(ending),
    durationMs: rounded(durationMs),
    clientToServerBytes: up,
    serverToClientBytes: down,
  }
  return { record, isMeant: toxics === null ? ending === 'stopped' : record.hit !== null }
}

function hitOf(event: unknown): LoggedConnection['hit'] {
  const toxic = member(event, 'type')
  const [ms, byte] = [figure(member(event, 'ms')), figure(member(event, 'byte'))]
  // Of anybody's server: a word, or nothing.
  if (typeof toxic !== 'string' || !/^\w{1,40}$/.test(toxic) || ms === null || byte === null) return null
  return {
    toxic,
    direction: member(event, 'stream') === 'upstream' ? 'client-to-server' : 'server-to-client',
    byte,
    ms: rounded(ms),
  }
}

const sides = { client: 'harness', upstream: 'target' } as const

function endingOf(ending: unknown): LoggedConnection['ending'] {
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

function figure(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100
