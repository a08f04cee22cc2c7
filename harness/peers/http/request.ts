import { Violation } from '#model/errors'
import type { Ending } from '#model/model'
import { ByteBuffer } from '#wire/byte-buffer'
import { encodeUtf8 } from '#wire/utf8'
import type { HeaderList } from '#wire/http/head'
import type { SessionContext } from '#peers/session/context'
import type { Exchange } from './exchange.ts'
import { openExchange } from './open-exchange.ts'
import type { HttpAnswer, HttpHead, RequestOptions } from '#peers/kit'
import { tellRefusal } from './refusal.ts'
import { Severed } from '#peers/faults/severed'
import { isEventStream, streamBody, streamEndpoint } from '#peers/sse/request'
import { endedHow } from '#peers/sse/words'

const bodyCeiling = 65_536

/**
 * Sends one HTTP/1.1 request and gives what came: head, and the first bytes of the body. Follows no redirect, and
 * hangs up when it has seen enough.
 *
 * @throws Inconclusive where no TCP connection could be made; Severed on a route whose faults sever, when no head came.
 */
export async function sendRequest(
  context: SessionContext,
  options: RequestOptions = {},
): Promise<HttpAnswer> {
  const server = context.endpoint(options.protocol ?? 'sse')
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
    defaults: defaultHeaders(options.protocol ?? 'sse'),
    headers: options.headers ?? [],
    without: options.without ?? [],
    maxTls: options.maxTls,
    body: content === null ? undefined : typeof content === 'string' ? encodeUtf8(content) : content,
    onBody: (bytes) => body.append(bytes),
  })
  const { stream, tls } = exchange
  const head = await exchange.headOrEnd(context.limits.head * (stream.route.patience ?? 1))
  if (head === null && stream.ending === null) stream.gaveUp()
  // It may be the answer that is judged, or one connection too many: the scheduler finds out.
  if (head !== null) tellRefusal(context.environment.observer, head)
  if (head !== null) await bodyOf(context, exchange, head, body)
  const surplus = options.method === 'HEAD' && head !== null ? await surplusOf(context, exchange) : 0
  const ending = exchange.ending
  context.judged(ending)
  await stream.close()
  if (head === null && stream.route.severs) throw new Severed('the link let no response through')
  return {
    head,
    ending,
    body: body.view(),
    headMs: exchange.headMs,
    surplus,
    tls,
    expectHead: () => head ?? missing(exchange, ending),
  }
}

function defaultHeaders(protocol: 'websocket' | 'sse'): HeaderList {
  return [
    ['Accept', protocol === 'sse' ? 'text/event-stream' : '*/*'],
    ['Accept-Encoding', 'identity'],
    ['Cache-Control', 'no-cache'],
  ]
}

/** Until the body is over or enough of it came. A stream is not waited for: it does not end. */
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

/** Bytes behind a head that ends the response: content where none may be. */
async function surplusOf(context: SessionContext, { stream }: Exchange): Promise<number> {
  const behind = (): number => {
    const { serverToClientBytes, openedAtServerToClientBytes } = stream.trace
    return serverToClientBytes - (openedAtServerToClientBytes ?? serverToClientBytes)
  }
  await stream.watch.until(
    () => (behind() > 0 || stream.ending !== null ? true : undefined),
    context.limits.quiet,
  )
  return behind()
}

function missing(exchange: Exchange, ending: Ending | null): never {
  const expected = 'an HTTP response'
  const error = exchange.tls?.error
  if (error)
    throw new Violation('TLS with a certificate that is valid for the host', `TLS failed with ${error}`)
  if (exchange.bad !== null) throw new Violation(expected, exchange.bad)
  throw new Violation(expected, ending === null ? 'no response' : endedHow(ending, 'the connection'))
}
