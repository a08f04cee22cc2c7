import { Inconclusive, Violation } from '#model/errors'
import type { HeaderList } from '#wire/http/head'
import { encodeUtf8 } from '#wire/utf8'
import { Severed } from '#peers/faults/severed'
import { endedHow } from '#peers/http/exchange'
import type { Exchange, ExchangeRequest } from '#peers/http/exchange'
import { reportRefusal } from '#peers/http/refusal'
import { isEventStream } from '#peers/http/media-type'
import { asLatin1 } from '#peers/http/request-head'
import { streamBody, streamEndpoint } from '#peers/http/stream-request'
import type { HttpHead, SubscribeOptions } from '#peers/kit'
import type { SessionContext } from '#peers/session/context'
import type { Endpoint } from '#peers/session/endpoint'

/** What a browser sends when it opens an event stream, without what the contract and the check add. */
const usualHeaders: HeaderList = [
  ['Accept', 'text/event-stream'],
  ['Accept-Encoding', 'identity'],
  ['Cache-Control', 'no-cache'],
]

/**
 * The request that opens an event stream: the contract's method, headers and body, changed by the check. By default a
 * GET without a body. A reconnect sends the same request, with the cursor in `Last-Event-ID`.
 */
export function subscriptionRequest(endpoint: Endpoint, options: SubscribeOptions): ExchangeRequest {
  const { request } = endpoint
  const url = options.url ?? endpoint.url
  const body = options.body ?? streamBody(endpoint, url)
  return {
    endpoint: streamEndpoint(endpoint),
    url,
    method: options.method ?? request.method,
    version: options.httpVersion ?? '1.1',
    defaults: usualHeaders,
    headers: [...cursorHeader(options.lastEventId), ...(options.headers ?? [])],
    without: options.without ?? [],
    body: body === null ? undefined : typeof body === 'string' ? encodeUtf8(body) : body,
  }
}

function cursorHeader(id: string | Uint8Array | undefined): HeaderList {
  if (id === undefined) return []
  return [['Last-Event-ID', asLatin1(typeof id === 'string' ? encodeUtf8(id) : id)]]
}

/** True if the request names the content codings that it accepts, instead of the default (none). */
export function namesCodings({ endpoint, headers }: ExchangeRequest): boolean {
  return [...endpoint.headers, ...headers].some(([name]) => name.toLowerCase() === 'accept-encoding')
}

/**
 * Judges the response to a subscription: it has to be a 200 with an event-stream type, in no content coding that the
 * request did not accept.
 *
 * @throws Violation if it is not.
 * @throws Inconclusive `target-refused` on 429 and 503, which slow the scheduler down.
 */
export function judgeResponse(context: SessionContext, head: HttpHead, acceptsCodings: boolean): void {
  if (head.status === 429 || head.status === 503) {
    reportRefusal(context.environment.observer, head)
    throw new Inconclusive('target-refused', `the target answered ${head.status}`)
  }
  if (head.status !== 200) throw new Violation('status 200', `status ${head.status}`)
  const type = head.get('content-type')
  if (!isEventStream(type)) {
    const actual = type === null ? 'no Content-Type' : `Content-Type ${JSON.stringify(type.slice(0, 80))}`
    throw new Violation('a Content-Type of text/event-stream', actual)
  }
  const codings = head.list('content-encoding').filter((coding) => coding.toLowerCase() !== 'identity')
  if (codings.length === 0 || acceptsCodings) return
  const actual = `Content-Encoding ${JSON.stringify(codings.join(', ').slice(0, 80))}`
  throw new Violation('no content coding, as the request accepts none', actual)
}

/** Why a subscription got no response: a Violation, or Severed if the proxy kept it back. */
export function missingResponse({ stream, tls, bad }: Exchange): Error {
  if (tls?.error)
    return new Violation('TLS with a certificate that is valid for the host', `TLS failed with ${tls.error}`)
  const expected = 'an HTTP response with status 200'
  if (bad !== null) return new Violation(expected, bad)
  if (stream.route.severs) return new Severed('the proxy let no response through')
  if (stream.ending !== null) return new Violation(expected, endedHow(stream.ending, 'the connection'))
  stream.gaveUp()
  return new Violation(expected, 'no response')
}
