import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { Inconclusive } from '#model/errors'
import type { SessionContext } from '#peers/session/context'
import type { PublishPlan } from '#peers/session/endpoint'
import type { Publication } from '#peers/kit'
import { reportRefusal } from '#peers/http/refusal'
import { secureOptions } from '#peers/net/trust'
import { takeTurn } from '#peers/session/turn'

/** Publishes by the contract's means, straight to the target: never through the link. */
export interface Publisher {
  /** The contract says how to publish. */
  readonly available: boolean
  /**
   * Publishes one event, and waits for the answer.
   *
   * @throws Inconclusive `publish-failed`: no connection, no answer, or a status that is not 2xx. Says the status,
   * never what was sent.
   */
  publish(event: Publication): Promise<void>
  /** As `publish`, but an error status, or an event that HTTP cannot carry there, is an answer. */
  tryPublish(event: Publication): Promise<'accepted' | 'rejected'>
}

/** The publisher of a session. Its connections are kept alive and belong to the context's scope. */
export function openPublisher(context: SessionContext): Publisher {
  let agent: Agent | null = null
  const { sse } = context.environment
  const dispatcher = (): Agent => {
    if (agent !== null) return agent
    const made = new Agent({
      connect: { ...secureOptions(context.endpoint('sse').tls), timeout: context.limits.connect },
      connections: 16,
      pipelining: 1,
    })
    context.scope.defer(() => made.destroy())
    agent = made
    return made
  }
  const ask = async (event: Publication): Promise<number> => {
    const plan = context.endpoint('sse').publish
    if (plan === null) throw new TypeError(`${context.checkId} publishes, but the contract does not say how`)
    await takeTurn(context)
    context.transcript.add('harness', 'note', 'publishes an event')
    const { status, headers } = await send(plan, event, dispatcher(), context.limits.event)
    reportRefusal(context.environment.observer, { status, get: (name) => headers[name]?.toString() ?? null })
    return status
  }
  return {
    available: (sse?.publish ?? null) !== null,
    async tryPublish(event) {
      try {
        const status = await ask(event)
        return status >= 200 && status <= 299 ? 'accepted' : 'rejected'
      } catch (error) {
        if (error instanceof Inconclusive && isUnsendable(error.cause)) return 'rejected'
        throw error
      }
    },
    async publish(event) {
      const status = await ask(event)
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
    const answer = await request(fillUrl(plan.url, event), {
      method: plan.method,
      headers: plan.headers.flatMap(([name, value]) => fillHeader(name, value, event)),
      body: body.length === 0 ? null : body,
      dispatcher,
      signal: AbortSignal.timeout(Math.ceil(limitMs)),
    })
    // Read to its end, so that the connection can serve the next event; but not for ever.
    await answer.body.dump({ limit: 65_536 })
    return { status: answer.statusCode, headers: answer.headers }
  } catch (error) {
    throw new Inconclusive('publish-failed', `the publisher could not be asked: ${codeOf(error)}`, {
      cause: error,
    })
  }
}

/** undici refuses to send a header with a line break. */
function isUnsendable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'UND_ERR_INVALID_ARG'
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError') return 'no answer in time'
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

/** The template with its placeholders filled in: `{data}` by bytes as they are. What is not set is empty, in JSON null. */
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

/** Every byte that is not unreserved (RFC 3986 2.3), percent-encoded: any bytes, lone surrogates as U+FFFD. */
function percent(value: string | Uint8Array): string {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
  return Array.from(bytes, (byte) =>
    /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')
}

/** In a URL every value is percent-encoded, however the placeholder is written; a parameter that is not set is left out. */
export function fillUrl(url: URL, event: Publication): URL {
  const made = new URL(url)
  const fill = (text: string): string =>
    text.replaceAll(urlPlaceholder, (_, field: string) =>
      percent(valueOf(event, field.toLowerCase() as Field) ?? ''),
    )
  const isUnset = (part: string): boolean =>
    [...part.matchAll(urlPlaceholder)].some(
      ([, field]) => valueOf(event, (field ?? '').toLowerCase() as Field) === undefined,
    )
  made.pathname = fill(url.pathname)
  if (url.search !== '') {
    const kept = url.search
      .slice(1)
      .split('&')
      .filter((part) => !isUnset(part))
    made.search = kept.map(fill).join('&')
  }
  return made
}

/** A header whose value is not set is left out. Bytes go as they are, as far as HTTP can carry them. */
function fillHeader(name: string, value: string, event: Publication): string[] {
  const unset = [...value.matchAll(placeholder)].some(
    (match) => valueOf(event, match[2] as Field) === undefined,
  )
  return unset ? [] : [name, Buffer.from(fillBytes(value, event)).toString('latin1')]
}
