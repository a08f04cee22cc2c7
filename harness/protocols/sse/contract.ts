import { z } from 'zod'
import { UsageError } from '#model/errors'
import { serverTarget } from '#target/target'
import type { RunTarget } from '#target/target'
import { headerList, headersSchema } from '#target/contract/headers'
import { publishPlan, publishSchema } from '#target/contract/publish-plan'
import { targetWords } from '#target/contract/command'
import type { CommandWords, SharedSettings, TargetOption } from '#target/protocol'
import type { SecretSources } from '#target/secrets/collect'

/** The request whose answer is the stream. */
const streamRequest = z.strictObject({
  /** `http:` or `https:`. */
  url: z.string(),
  /** GET by default; POST where there is a body. */
  method: z
    .string()
    .regex(/^[A-Za-z]+$/, 'is not a method')
    .exactOptional(),
  /** Sent with this request, besides the contract's `headers`. */
  headers: headersSchema.exactOptional(),
  body: z.string().exactOptional(),
})

/** What a contract says about an event-stream server. */
export const sseContract = {
  /** The URL of the stream, or the whole request that the stream answers. */
  sse: z.union([z.string(), streamRequest]).exactOptional(),
  publish: publishSchema.exactOptional(),
} as const

export type SseContract = z.infer<z.ZodObject<typeof sseContract>>

/**
 * The event-stream server that a contract names.
 * @throws UsageError for a publish request without a place for the data, and for a body that its method cannot carry.
 */
export function sseServers({ sse, publish }: SseContract, shared: SharedSettings): RunTarget[] {
  if (sse === undefined) return []
  const given = typeof sse === 'string' ? { url: sse } : sse
  const endpoint = shared.endpoint(given.url)
  const body = given.body ?? null
  const method = (given.method ?? (body === null ? 'GET' : 'POST')).toUpperCase()
  if (body !== null && (method === 'GET' || method === 'HEAD'))
    throw new UsageError(`sse: a ${method} request has no body; give another method, or no body`)
  const headers = headerList(given.headers)
  const hasType = headers.some(([name]) => name.toLowerCase() === 'content-type')
  const server = {
    ...endpoint,
    subprotocols: [],
    opening: [],
    publish: publish === undefined ? null : publishPlan(publish, endpoint.url, endpoint.headers),
    request: {
      method,
      headers:
        body === null || hasType ? headers : [...headers, ['Content-Type', contentType(body)] as const],
      body,
    },
    accept: 'text/event-stream',
  }
  return [serverTarget(server)]
}

function contentType(body: string): string {
  return /^\s*[{[]/.test(body) ? 'application/json' : 'text/plain; charset=utf-8'
}

/** Where a contract may hold credentials of an event stream: the request for it, and the publish request. */
export function sseSecrets({ sse, publish }: SseContract): Partial<SecretSources> {
  const request = typeof sse === 'string' || sse === undefined ? { url: sse } : sse
  return {
    targetUrls: [request.url],
    otherUrls: [publish?.url],
    headers: ['headers' in request ? request.headers : undefined, publish?.headers],
    bodies: ['body' in request ? request.body : undefined, publish?.body],
  }
}

export function sseWords({ sse, publish }: SseContract): CommandWords {
  const url = typeof sse === 'string' ? sse : sse?.url
  return {
    target: url === undefined ? [] : targetWords('sse', url),
    further: publish === undefined ? [] : ['--publish-url', '"$STREAMPROOF_PUBLISH_URL"'],
  }
}

export const sseOptions: Readonly<Record<string, TargetOption>> = {
  sse: { value: 'url', help: 'event stream to test: an http: or https: URL', holdsUrl: true },
  publishUrl: {
    value: 'url',
    help: 'URL to which a POST request publishes an event on the stream; another method, headers and a body can be set in the config file',
    key: 'publish.url',
    holdsUrl: true,
  },
}

/** Headers and bodies may hold credentials: only the method and the names of headers are shown. */
export function shownOfSse(key: string, { publish }: SseContract): string | null {
  if (key === 'publish.method') return publish?.method ?? '-'
  if (key !== 'publish.headers') return null
  return (
    headerList(publish?.headers)
      .map(([name]) => `${name}: ***`)
      .join(', ') || '-'
  )
}
