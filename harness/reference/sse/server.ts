import type { RequestHead } from '#reference/http/head'
import type { HttpConnection } from '#reference/http/server'
import type { Channel } from './channel.ts'
import { judgeOrigin, preflightHeaders } from './cors.ts'
import { readPublication } from './publish.ts'
import type { OriginPolicy, SseRules } from './rules.ts'
import { ClientStream } from './stream.ts'

/** The parts of an event stream service. */
export interface SseService {
  readonly rules: SseRules
  readonly channel: Channel
  /** Host names, without port, that the service accepts. */
  readonly hosts: ReadonlySet<string>
  readonly allowedOrigin: string
  readonly heartbeatMs: number
  /** False: only the server sends events, and there is no publish endpoint. */
  readonly publishes: boolean
  /** The same service in plain text, for a mutant that redirects clients there. */
  readonly plainUrl: () => string
}

/** One request, and what its response needs. */
interface Exchange {
  readonly connection: HttpConnection
  readonly head: RequestHead
  readonly service: SseService
  /** Headers of every response. */
  readonly headers: readonly Header[]
}

type Header = readonly [name: string, value: string]

/** Limit of a publication, in bytes. */
const publicationLimitBytes = 1024 * 1024

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'])

/** Delay of the response head if the rule `reconnect` is `delay`, in ms. */
const reconnectDelayMs = 4000

/** Time between replay and live delivery if the rule `handover` is not `exact`, in ms. */
const handoverMs = 300

/**
 * Serves one request to `/events` or `/publish`. Returns true if the connection is free for the next request;
 * otherwise it streams, or has ended.
 */
export async function serveSse(
  connection: HttpConnection,
  head: RequestHead,
  service: SseService,
): Promise<boolean> {
  const { rules } = service
  const secure = 'encrypted' in connection.socket
  const everyResponse: readonly Header[] =
    secure && rules.strictTransport !== null ? [['Strict-Transport-Security', rules.strictTransport]] : []
  const host = hostOf(head)
  if (rules.foreignHost === 'refuse' && host !== null && !service.hosts.has(host.name)) {
    return refuse(
      { connection, head, service, headers: everyResponse },
      421,
      'this server does not serve that host',
    )
  }
  if (secure && rules.redirectsToPlain) {
    connection.respond({ status: 302, headers: [...everyResponse, ['Location', service.plainUrl()]] })
    return false
  }
  const policy: OriginPolicy = {
    allowed: service.allowedOrigin,
    own: `${secure ? 'https' : 'http'}://${head.get('host') ?? ''}`,
  }
  const origin = judgeOrigin(head, policy, rules)
  if (origin.kind === 'refused') {
    const headers = [...everyResponse, ['Vary', 'Origin'] as const]
    return refuse({ connection, head, service, headers }, 403, 'the origin is not allowed')
  }
  const exchange = { connection, head, service, headers: [...everyResponse, ...origin.headers] }
  return head.path === '/publish' ? publish(exchange) : events(exchange, origin.origin)
}

/** The host name of the request, an IPv6 address in brackets; null if there is no Host (HTTP/1.0). */
function hostOf(head: RequestHead): { readonly name: string } | null {
  const value = head.get('host')
  return value === null ? null : { name: value.replace(/:[0-9]*$/, '').toLowerCase() }
}

function refuse({ connection, service, headers }: Exchange, status: number, why: string): false {
  connection.respond({ status, headers, body: service.rules.errorBody(why) })
  return false
}

function answerOptions(exchange: Exchange, origin: string | null, methods: string): boolean {
  const { connection, head, service, headers } = exchange
  if (service.rules.preflight === 'refuse') return refuseMethod(exchange, 405, methods)
  const isPreflight = origin !== null && head.get('access-control-request-method') !== null
  const specific = isPreflight ? preflightHeaders(methods, service.rules) : [['Allow', methods] as const]
  connection.respond({ status: 204, headers: [...headers, ...specific] })
  return false
}

function refuseMethod({ connection, service, headers }: Exchange, status: 405 | 501, methods: string): false {
  const { rules } = service
  const allow: readonly Header[] =
    status === 501 || rules.otherMethods === 'refuse-without-allow' ? [] : [['Allow', methods]]
  connection.respond({
    status,
    headers: [...headers, ...allow],
    body: rules.errorBody('this method is not allowed'),
  })
  return false
}

// --- The stream -------------------------------------------------------------------------------------------------

async function events(exchange: Exchange, origin: string | null): Promise<boolean> {
  const { connection, head, service, headers } = exchange
  const { rules } = service
  const methods = 'GET, HEAD, OPTIONS'
  const known = knownMethods.has(head.method)
  if (head.method === 'OPTIONS') return answerOptions(exchange, origin, methods)
  if (head.method === 'HEAD' && rules.headMethod !== 'stream') {
    if (rules.headMethod === 'hang') return false
    connection.sendHead(rules.streamStatus, [...rules.streamHeaders, ...headers, ['Connection', 'close']])
    connection.linger()
    return false
  }
  if (!known && rules.unknownMethods === 'refuse') return refuseMethod(exchange, 501, methods)
  if (known && !['GET', 'HEAD'].includes(head.method) && rules.otherMethods !== 'stream') {
    return refuseMethod(exchange, 405, methods)
  }
  const refusal = rules.refusesStream(head)
  if (refusal !== null) return refuse(exchange, refusal, 'this request is rejected')
  if (rules.requestSegments === 'one' && connection.reads > 1)
    return refuse(exchange, 400, 'the request must arrive in one segment')
  if (service.channel.size >= rules.maxStreams) return refuse(exchange, 503, 'too many streams are open')
  return openStream(exchange)
}

function openStream(exchange: Exchange): boolean {
  const { connection, head, service, headers } = exchange
  const { rules, channel } = service
  const cursor = cursorOf(head, rules)
  const refusal = cursor === null ? null : rules.refusesCursor(cursor, channel.has(cursor))
  if (refusal !== null) return refuse(exchange, refusal, 'this cursor is rejected')
  if (cursor !== null && rules.unknownCursor === 'html' && !channel.has(cursor)) {
    connection.respond({
      status: 200,
      headers: [...headers, ['Content-Type', 'text/html']],
      body: '<p>Oops</p>',
    })
    return false
  }
  if (cursor !== null && rules.reconnect === 'refuse')
    return refuse(exchange, 503, 'no reconnects at present')
  const chunked = head.version === '1.1' || rules.framing === 'to-all'
  const isCompressed =
    rules.compresses === 'when-asked' &&
    head.list('accept-encoding').some((coding) => coding.startsWith('gzip'))
  const stream = new ClientStream(connection.takeOver().socket, channel, rules, chunked)
  const begin = (): void => {
    connection.sendHead(rules.streamStatus, [
      ...rules.streamHeaders,
      ...headers,
      ...(isCompressed ? [['Content-Encoding', 'gzip'] as const] : []),
      ...(chunked ? [['Transfer-Encoding', 'chunked'] as const] : []),
      ...(rules.framing === 'both' ? [['Content-Length', '1000000'] as const] : []),
      ['Connection', 'close'],
    ])
    // A compressor that is never flushed sends only its header.
    if (isCompressed) stream.write(Buffer.from('1f8b0800000000000003', 'hex'))
    else startStream(stream, cursor, service)
  }
  const delay = cursor !== null && rules.reconnect === 'delay' ? reconnectDelayMs : rules.headDelayMs
  if (delay === 0) begin()
  else stream.after(delay, begin)
  return false
}

/** The client's cursor; null if there is none, or if it is empty, which means the same. */
function cursorOf(head: RequestHead, rules: SseRules): string | null {
  const value = head.get('last-event-id')
  if (value === null || (value === '' && rules.emptyCursor === 'absent')) return null
  return rules.readCursor(Buffer.from(value, 'latin1'))
}

/**
 * Sends the opening, the replay, then live events. Choosing the replay and joining the channel is one synchronous
 * step, so that no event can be published in between.
 */
function startStream(stream: ClientStream, cursor: string | null, service: SseService): void {
  const { rules, channel } = service
  stream.open(service.heartbeatMs)
  if (cursor === null) {
    channel.join(stream)
    return
  }
  const at = channel.indexOf(cursor)
  const replayed =
    at === -1 && rules.unknownCursor === 'live-only' ? [] : rules.resume(channel.kept, at, cursor)
  const last = channel.kept.at(-1)?.sequence ?? 0
  if (at === -1 && rules.unknownCursor === 'reset') {
    stream.write(Buffer.from('event: reset\ndata: the cursor is unknown; the whole history follows\n\n'))
  }
  const publishedSince = () => channel.kept.filter((event) => event.sequence > last)
  if (rules.handover !== 'live-first') stream.replay(replayed)
  if (rules.handover === 'never-live') return
  if (rules.handover !== 'gap') channel.join(stream)
  if (rules.handover === 'exact') return
  stream.after(handoverMs, () => {
    if (rules.handover === 'gap') channel.join(stream)
    else stream.replay(rules.handover === 'overlap' ? publishedSince() : replayed)
  })
}

// --- Publishing -------------------------------------------------------------------------------------------------

async function publish(exchange: Exchange): Promise<boolean> {
  const { connection, head, service, headers } = exchange
  const { rules, channel } = service
  const methods = 'POST, OPTIONS'
  if (!service.publishes) return refuse(exchange, 404, 'no such path')
  if (head.method === 'OPTIONS') {
    return answerOptions(exchange, head.get('origin'), methods)
  }
  if (head.method !== 'POST')
    return refuseMethod(exchange, knownMethods.has(head.method) ? 405 : 501, methods)
  const body = await connection.readBody(head, publicationLimitBytes)
  if (body === null) return false
  const read = readPublication(head, body)
  if (read.kind === 'refused') return refuse(exchange, 400, read.why)
  const { publication } = read
  const reason = rules.refusesPublication(publication)
  if (reason !== null) return refuse(exchange, 400, reason)
  if (publication.id !== null && channel.has(publication.id))
    return refuse(exchange, 409, 'this id is in use')
  const data = rules.acceptData(publication.data)
  const event =
    data === null
      ? null
      : channel.publish({
          data,
          name: publication.name === null ? null : rules.acceptName(publication.name),
          id: publication.id === null ? null : rules.acceptId(publication.id),
        })
  const keepAlive = head.version === '1.1' && !head.list('connection').includes('close')
  connection.respond({
    status: 200,
    headers: [...headers, ['Content-Type', 'application/json']],
    body: `${JSON.stringify({ id: event?.id ?? null })}\n`,
    keepAlive,
  })
  return keepAlive
}
