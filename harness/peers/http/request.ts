import { Violation } from '#model/errors'
import type { Ending } from '#model/model'
import { ByteBuffer } from '#wire/byte-buffer'
import { encodeUtf8 } from '#wire/utf8'
import type { HeaderList } from '#wire/http/head'
import type { SessionContext } from '#peers/session/context'
import { endedHow } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { openExchange } from './open-exchange.ts'
import type { HttpAnswer, HttpHead, RequestOptions } from '#peers/kit'
import { reportRefusal } from './refusal.ts'
import { Severed } from '#peers/faults/severed'
import { isEventStream } from './media-type.ts'
import { streamBody, streamEndpoint } from './stream-request.ts'

/** Bytes of a response's body that are kept. */
const bodyCeiling = 65_536

/**
 * Sends one HTTP request over a connection of its own and returns the response: its head, and the first bytes of its
 * body. Follows no redirect, and closes the connection afterwards.
 *
 * @throws Inconclusive if no TCP connection could be made; Severed if a fault that ends connections let no head through.
 */
export async function sendRequest(
  context: SessionContext,
  options: RequestOptions = {},
): Promise<HttpAnswer> {
  const server = options.protocol === undefined ? context.endpoint : context.endpointOf(options.protocol)
  // Without a method it is the request for the stream, as the contract describes it.
  const isForStream = options.method === undefined
  const url = options.url ?? server.url
  const content = options.body ?? (isForStream ? streamBody(server, url) : null)
  const body = new ByteBuffer(bodyCeiling)
  const exchange = await openExchange(context, {
    endpoint: isForStream ? streamEndpoint(server) : server,
    url,
    via: options.via,
    method: options.method ?? server.request.method,
    target: options.target,
    version: options.version ?? '1.1',
    defaults: defaultHeaders(server.accept),
    headers: options.headers ?? [],
    without: options.without ?? [],
    maxTls: options.maxTls,
    body: content === null ? undefined : typeof content === 'string' ? encodeUtf8(content) : content,
    onBody: (bytes) => body.append(bytes),
  })
  const { stream, tls } = exchange
  const head = await exchange.headOrEnd(context.limits.head * (stream.route.patience ?? 1))
  if (head === null && stream.ending === null) stream.gaveUp()
  // A check may expect this answer, so it is not thrown; the scheduler reduces its rate in any case.
  if (head !== null) reportRefusal(context.environment.observer, head)
  if (head !== null) await bodyOf(context, exchange, head, body)
  const surplus = options.method === 'HEAD' && head !== null ? await surplusOf(context, exchange) : 0
  const ending = exchange.ending
  context.judged(ending)
  await stream.close()
  if (head === null && stream.route.severs) throw new Severed('the proxy let no response through')
  return {
    head,
    ending,
    body: body.view(),
    headMs: exchange.headMs,
    surplus,
    tls,
    expectHead: () => head ?? failWithoutHead(exchange, ending),
  }
}

function defaultHeaders(accept: string): HeaderList {
  return [
    ['Accept', accept],
    ['Accept-Encoding', 'identity'],
    ['Cache-Control', 'no-cache'],
  ]
}

/** Waits until the body is complete or its kept part is full; for an event stream, which does not end, only briefly. */
async function bodyOf(
  context: SessionContext,
  exchange: Exchange,
  head: HttpHead,
  body: ByteBuffer,
): Promise<void> {
  const endless = isEventStream(head.get('content-type'))
  await exchange.stream.watch.until(
    () => (exchange.over || exchange.ending !== null || body.truncated ? true : undefined),
    endless ? context.limits.quiet : context.limits.reply,
  )
}

/** Number of bytes after a head that ends the response, which must have no content. */
async function surplusOf(context: SessionContext, { stream }: Exchange): Promise<number> {
  const surplus = (): number => {
    const { serverToClientBytes, openedAtServerToClientBytes } = stream.trace
    return serverToClientBytes - (openedAtServerToClientBytes ?? serverToClientBytes)
  }
  await stream.watch.until(
    () => (surplus() > 0 || stream.ending !== null ? true : undefined),
    context.limits.quiet,
  )
  return surplus()
}

function failWithoutHead(exchange: Exchange, ending: Ending | null): never {
  const expected = 'an HTTP response'
  const error = exchange.tls?.error
  if (error)
    throw new Violation('TLS with a certificate that is valid for the host', `TLS failed with ${error}`)
  if (exchange.bad !== null) throw new Violation(expected, exchange.bad)
  throw new Violation(expected, ending === null ? 'no response' : endedHow(ending, 'the connection'))
}
