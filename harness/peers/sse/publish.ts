import { Agent, request as sendRequest } from 'undici'
import type { Dispatcher } from 'undici'
import { Inconclusive } from '#model/errors'
import type { SessionContext } from '#peers/session/context'
import type { PublishPlan } from '#peers/session/endpoint'
import type { Publication } from '#peers/kit'
import { reportRefusal } from '#peers/http/refusal'
import { secureOptions } from '#peers/net/trust'
import { acquireConnection } from '#peers/session/acquire-connection'

/** Publishes by the contract's means, always straight to the target: no fault touches a publication. */
export interface Publisher {
  /** The contract says how to publish. */
  readonly available: boolean
  /**
   * Publishes one event and waits for the response.
   *
   * @throws Inconclusive `publish-failed`: no connection, no response, or a status that is not 2xx. The message has the
   * status, and never what was sent.
   */
  publish(event: Publication): Promise<void>
  /** The same, but `rejected` if the status is not 2xx, or if HTTP cannot carry the event in its place. */
  tryPublish(event: Publication): Promise<'accepted' | 'rejected'>
}

/** The publisher of a session. Its connections are kept alive, and closed with the context's scope. */
export function openPublisher(context: SessionContext): Publisher {
  let agent: Agent | null = null
  const dispatcher = (): Agent => {
    if (agent !== null) return agent
    agent = new Agent({
      connect: { ...secureOptions(context.endpoint.tls), timeout: context.limits.connect },
      connections: 16,
      pipelining: 1,
    })
    const opened = agent
    context.scope.defer(() => opened.destroy())
    return agent
  }
  /** Returns the status of the response. */
  const request = async (event: Publication): Promise<number> => {
    const plan = context.endpoint.publish
    if (plan === null) throw new TypeError(`${context.check.id} publishes, but the contract does not say how`)
    await acquireConnection(context)
    context.transcript.add('harness', 'note', 'publishes an event')
    const { status, headers } = await send(plan, event, dispatcher(), context.limits.event)
    reportRefusal(context.environment.observer, { status, get: (name) => headers[name]?.toString() ?? null })
    return status
  }
  return {
    get available() {
      return context.endpoint.publish !== null
    },
    async tryPublish(event) {
      try {
        const status = await request(event)
        return status >= 200 && status <= 299 ? 'accepted' : 'rejected'
      } catch (error) {
        if (error instanceof Inconclusive && isUnsendable(error.cause)) return 'rejected'
        throw error
      }
    },
    async publish(event) {
      const status = await request(event)
      if (status < 200 || status > 299)
        throw new Inconclusive('publish-failed', `the publisher answered ${status}`)
    },
  }
}

async function send(
  plan: PublishPlan,
  event: Publication,
  dispatcher: Agent,
  limitMs: number,
): Promise<{ readonly status: number; readonly headers: Dispatcher.ResponseData['headers'] }> {
  const body = fillBytes(plan.body, event)
  try {
    const response = await sendRequest(fillUrl(plan.url, event), {
      method: plan.method,
      headers: plan.headers.flatMap(([name, value]) => fillHeader(name, value, event)),
      body: body.length === 0 ? null : body,
      dispatcher,
      signal: AbortSignal.timeout(Math.ceil(limitMs)),
    })
    // Read to its end, so that the connection can be used for the next event.
    await response.body.dump({ limit: 65_536 })
    return { status: response.statusCode, headers: response.headers }
  } catch (error) {
    throw new Inconclusive('publish-failed', `the publisher cannot be reached: ${codeOf(error)}`, {
      cause: error,
    })
  }
}

/** undici does not send a header that has a line break. */
function isUnsendable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'UND_ERR_INVALID_ARG'
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError') return 'no response in time'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

const placeholder = /\{(?:(json|url):)?(data|event|id)\}/g
/** In a URL the braces may have been percent-encoded. */
const urlPlaceholder = /(?:\{|%7B)(?:(?:json|url)(?::|%3A))?(data|event|id)(?:\}|%7D)/gi

type Field = 'data' | 'event' | 'id'

function valueOf(event: Publication, field: Field): string | Uint8Array | undefined {
  return field === 'data' ? event.data : event[field]
}

function textOf(value: string | Uint8Array): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString('utf8')
}

/**
 * Fills in the placeholders of a template: `{data}` by the bytes as they are, `{json:data}` by a JSON string literal,
 * `{url:data}` percent-encoded. A field that the event does not have is empty, in JSON `null`.
 */
export function fillBytes(template: string, event: Publication): Uint8Array {
  const parts: Uint8Array[] = []
  let at = 0
  for (const match of template.matchAll(placeholder)) {
    parts.push(
      Buffer.from(template.slice(at, match.index), 'utf8'),
      filled(match[1], valueOf(event, match[2] as Field)),
    )
    at = match.index + match[0].length
  }
  parts.push(Buffer.from(template.slice(at), 'utf8'))
  return Uint8Array.from(Buffer.concat(parts))
}

function filled(form: string | undefined, value: string | Uint8Array | undefined): Uint8Array {
  if (form === 'json')
    return Buffer.from(value === undefined ? 'null' : JSON.stringify(textOf(value)), 'utf8')
  if (value === undefined) return new Uint8Array(0)
  if (form === 'url') return Buffer.from(percent(value), 'latin1')
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value
}

/** Percent-encodes every byte that is not unreserved (RFC 3986 2.3). A lone surrogate becomes U+FFFD. */
function percent(value: string | Uint8Array): string {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
  return Array.from(bytes, (byte) =>
    /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')
}

/**
 * Fills in the placeholders of a URL: always percent-encoded, however they are written. A query parameter with a field
 * that the event does not have is left out.
 */
export function fillUrl(url: URL, event: Publication): URL {
  const filledUrl = new URL(url)
  const fill = (text: string): string =>
    text.replaceAll(urlPlaceholder, (_, field: string) =>
      percent(valueOf(event, field.toLowerCase() as Field) ?? ''),
    )
  const isUnset = (part: string): boolean =>
    [...part.matchAll(urlPlaceholder)].some(
      ([, field]) => valueOf(event, (field ?? '').toLowerCase() as Field) === undefined,
    )
  filledUrl.pathname = fill(url.pathname)
  if (url.search !== '') {
    const kept = url.search
      .slice(1)
      .split('&')
      .filter((part) => !isUnset(part))
    filledUrl.search = kept.map(fill).join('&')
  }
  return filledUrl
}

/** Name and value of a header, or nothing if the event does not have a field of it. Bytes are sent as they are. */
function fillHeader(name: string, value: string, event: Publication): string[] {
  const unset = [...value.matchAll(placeholder)].some(
    (match) => valueOf(event, match[2] as Field) === undefined,
  )
  return unset ? [] : [name, Buffer.from(fillBytes(value, event)).toString('latin1')]
}
