import { z } from 'zod'
import { UsageError } from '#model/errors'
import type { PublishPlan } from '#peers/session/endpoint'
import { headerList, headersSchema } from './headers.ts'
import { parseUrl, withoutUserPart } from '#common/url'

/** How to publish an event: an HTTP request with the placeholders `{data}`, `{event}` and `{id}`. */
export const publishSchema = z.strictObject({
  url: z.string(),
  /** POST by default. */
  method: z
    .string()
    .regex(/^[A-Za-z]+$/, 'is not a method')
    .exactOptional(),
  headers: headersSchema.exactOptional(),
  /** Template, by default `{data}`. `{json:data}` is a JSON string literal, `{url:data}` is percent-encoded. */
  body: z.string().exactOptional(),
})

type Pair = readonly [name: string, value: string]

const placeholder = /\{(?:(?:json|url):)?(data|event|id)\}/g

/**
 * Makes the plan. If the publish URL has the origin of the stream, the headers of the stream are sent as well.
 * @throws UsageError if the request does not contain the data.
 */
export function publishPlan(
  given: z.infer<typeof publishSchema>,
  stream: URL,
  streamHeaders: readonly Pair[],
): PublishPlan {
  const { url, authorization } = withoutUserPart(parseUrl(given.url, 'publish.url', ['http:', 'https:']))
  const method = (given.method ?? 'POST').toUpperCase()
  const bodiless = method === 'GET' || method === 'HEAD'
  const body = given.body ?? (bodiless ? '' : '{data}')
  const own = headerList(given.headers)
  if (authorization !== null) own.push(['Authorization', authorization])
  const stated = new Set(own.map(([name]) => name.toLowerCase()))
  const inherited =
    url.origin === stream.origin ? streamHeaders.filter(([name]) => !stated.has(name.toLowerCase())) : []
  const headers: Pair[] = [...inherited, ...own]
  // The braces of a path are percent-encoded by the URL parser; those of a query are not.
  const texts = [
    url.href.replaceAll('%7B', '{').replaceAll('%7D', '}'),
    body,
    ...headers.map(([, value]) => value),
  ]
  const fields = new Set(
    texts.flatMap((text) =>
      [...text.matchAll(placeholder)].map((found) => found[1] as 'data' | 'event' | 'id'),
    ),
  )
  if (!fields.has('data'))
    throw new UsageError('publish: {data} is missing; put it into the url, the headers or the body')
  if (body !== '' && !headers.some(([name]) => name.toLowerCase() === 'content-type'))
    headers.push(['Content-Type', contentType(body)])
  return { url, method, headers, body, fields }
}

function contentType(body: string): string {
  return /^\s*[{[](?!(?:(?:json|url):)?(?:data|event|id)\})/.test(body)
    ? 'application/json'
    : 'text/plain; charset=utf-8'
}
