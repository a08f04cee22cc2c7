import type { RequestHead } from '#reference/http/head'
import type { HttpConnection } from '#reference/http/server'
import type { Channel } from './channel.ts'
import { judgeOrigin, preflightHeaders } from './cors.ts'
import { readPublication } from './publish.ts'
import type { OriginPolicy, SseRules } from './rules.ts'
import { ClientStream } from './stream.ts'

/** What an event stream service is made of. */
export interface SseService {
  readonly rules: SseRules
  readonly channel: Channel
  /** Host names, without port, that the service answers to. */
  readonly hosts: ReadonlySet<string>
  readonly allowedOrigin: string
  readonly heartbeatMs: number
  /** False: events come from the server alone, and the address to publish is not there. */
  readonly publishes: boolean
  /** The same service in plain text, for a mutant that sends clients there. */
  readonly plainUrl: () => string
}

/** One request, and all that its answer needs. */
interface Exchange {
  readonly connection: HttpConnection
  readonly head: RequestHead
  readonly service: SseService
  /** On every answer. */
  readonly headers: readonly Header[]
}

type Header = readonly [name: string, value: string]

/** Octets of a publication. */
const publicationLimit = 1024 * 1024

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'])

/** How long a client that comes back waits for its head where `comeback` is `delay`, in ms. */
const comebackMs = 4000

/** How long replay and live delivery are apart where `handover` is not `exact`, in ms. */
const apartMs = 300

/**
 * Answers one request to `/events` or `/publish`. True when the connection is free for the next request; otherwise
 * it streams, or has been ended.
 */
export async function serveSse(
  connection: HttpConnection,
  head: RequestHead,
  service: SseService,
): Promise<boolean> {
  const { rules } = service
  const secure = 'encrypted' in connection.socket
  const always: readonly Header[] =
    secure && rules.strictTransport !== null ? [['Strict-Transport-Security', rules.strictTransport]] : []
  const host = hostOf(head)
  if (rules.foreignHost === 'refuse' && host !== null && !service.hosts.has(host.name)) {
    return refuse({ connection, head, service, headers: always }, 421, 'this host is not served here')
  }
  if (secure && rules.redirectsToPlain) {
    connection.respond({ status: 302, headers: [...always, ['Location', service.plainUrl()]] })
    return false
  }
  const policy: OriginPolicy = {
    allowed: service.allowedOrigin,
    own: `${secure ? 'https' : 'http'}://${head.get('host') ?? ''}`,
  }
  const origin = judgeOrigin(head, policy, rules)
  if (origin.kind === 'refused') {
    const headers = [...always, ['Vary', 'Origin'] as const]
    return refuse({ connection, head, service, headers }, 403, 'the origin is not allowed')
  }
  const exchange = { connection, head, service, headers: [...always, ...origin.headers] }
  return head.path === '/publish' ? publish(exchange) : events(exchange, origin.origin)
}

/** Host name, an IPv6 address in brackets; null where HTTP/1.0 named none. */
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
  const asks = origin !== null && head.get('access-control-request-method') !== null
  const about = asks ? preflightHeaders(methods, service.rules) : [['Allow', methods] as const]
  connection.respond({ status: 204, headers: [...headers, ...about] })
  return false
}

function refuseMethod({ connection, service, headers }: Exchange, status: 405 | 501, methods: string): false {
  const { rules } = service
  const allow: readonly Header[] =
    status === 501 || rules.otherMethods === 'refuse-without-allow' ? [] : [['Allow', methods]]
  connection.respond({ status, headers: [...headers, ...allow], body: rules.errorBody('not by this method') })
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
  if (refusal !== null) return refuse(exchange, refusal, 'this request is not served')
  if (rules.requestPieces === 'one' && connection.reads > 1) return refuse(exchange, 400, 'one piece, please')
  if (service.channel.size >= rules.maxStreams) return refuse(exchange, 503, 'too many streams are open')
  return openStream(exchange)
}

function openStream(exchange: Exchange): boolean {
  const { connection, head, service, headers } = exchange
  const { rules, channel } = service
  const cursor = cursorOf(head, rules)
  const refusal = cursor === null ? null : rules.refusesCursor(cursor, channel.has(cursor))
  if (refusal !== null) return refuse(exchange, refusal, 'this cursor is not served')
  if (cursor !== null && rules.unknownCursor === 'html' && !channel.has(cursor)) {
    connection.respond({
      status: 200,
      headers: [...headers, ['Content-Type', 'text/html']],
      body: '<p>Oops</p>',
    })
    return false
  }
  if (cursor !== null && rules.comeback === 'refuse') return refuse(exchange, 503, 'come back later')
  const chunked = head.version === '1.1' || rules.framing === 'to-all'
  const zipped =
    rules.compresses === 'when-asked' && head.list('accept-encoding').some((one) => one.startsWith('gzip'))
  const stream = new ClientStream(connection.takeOver().socket, channel, rules, chunked)
  const begin = (): void => {
    connection.sendHead(rules.streamStatus, [
      ...rules.streamHeaders,
      ...headers,
      ...(zipped ? [['Content-Encoding', 'gzip'] as const] : []),
      ...(chunked ? [['Transfer-Encoding', 'chunked'] as const] : []),
      ...(rules.framing === 'both' ? [['Content-Length', '1000000'] as const] : []),
      ['Connection', 'close'],
    ])
    // A compressor that is never flushed has sent its header, and nothing else.
    if (zipped) stream.say(Buffer.from('1f8b0800000000000003', 'hex'))
    else startStream(stream, cursor, service)
  }
  const delay = cursor !== null && rules.comeback === 'delay' ? comebackMs : rules.headDelayMs
  if (delay === 0) begin()
  else stream.after(delay, begin)
  return false
}

/** The cursor that a client presents; null for none, and for an empty one, which says the same. */
function cursorOf(head: RequestHead, rules: SseRules): string | null {
  const value = head.get('last-event-id')
  if (value === null || (value === '' && rules.emptyCursor === 'absent')) return null
  return rules.readCursor(Buffer.from(value, 'latin1'))
}

/**
 * Opening, replay, then live events. What is replayed is chosen and the stream joined in one go, so that nothing
 * can be published in between.
 */
function startStream(stream: ClientStream, cursor: string | null, service: SseService): void {
  const { rules, channel } = service
  stream.open(service.heartbeatMs)
  if (cursor === null) {
    channel.join(stream)
    return
  }
  const at = channel.indexOf(cursor)
  const chosen =
    at === -1 && rules.unknownCursor === 'live-only' ? [] : rules.resume(channel.kept, at, cursor)
  const last = channel.kept.at(-1)?.sequence ?? 0
  if (at === -1 && rules.unknownCursor === 'reset') {
    stream.say(Buffer.from('event: reset\ndata: the cursor is not known; what is kept follows\n\n'))
  }
  const sinceThen = () => channel.kept.filter((event) => event.sequence > last)
  if (rules.handover !== 'live-first') stream.replay(chosen)
  if (rules.handover === 'never-live') return
  if (rules.handover !== 'gap') channel.join(stream)
  if (rules.handover === 'exact') return
  stream.after(apartMs, () => {
    if (rules.handover === 'gap') channel.join(stream)
    else stream.replay(rules.handover === 'overlap' ? sinceThen() : chosen)
  })
}

// --- Publishing -------------------------------------------------------------------------------------------------

async function publish(exchange: Exchange): Promise<boolean> {
  const { connection, head, service, headers } = exchange
  const { rules, channel } = service
  const methods = 'POST, OPTIONS'
  if (!service.publishes) return refuse(exchange, 404, 'nothing is published here')
  if (head.method === 'OPTIONS') {
    return answerOptions(exchange, head.get('origin'), methods)
  }
  if (head.method !== 'POST')
    return refuseMethod(exchange, knownMethods.has(head.method) ? 405 : 501, methods)
  const body = await connection.readBody(head, publicationLimit)
  if (body === null) return false
  const read = readPublication(head, body)
  if (read.kind === 'refused') return refuse(exchange, 400, read.why)
  const { publication } = read
  const why = rules.refusesPublication(publication)
  if (why !== null) return refuse(exchange, 400, why)
  if (publication.id !== null && channel.has(publication.id)) return refuse(exchange, 409, 'this id is taken')
  const data = rules.takesData(publication.data)
  const event =
    data === null
      ? null
      : channel.publish({
          data,
          name: publication.name === null ? null : rules.takesName(publication.name),
          id: publication.id === null ? null : rules.takesId(publication.id),
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
