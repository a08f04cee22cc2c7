/** HTTP calls of a Toxiproxy API, each with a limit, and errors that say what the server said. */

/** A call that failed: refused by the server (`status`), or not answered at all (`status` null). */
export class ToxiproxyCallError extends Error {
  override readonly name = 'ToxiproxyCallError'
  readonly code = 'TOXIPROXY_CALL'
  readonly call: string
  readonly status: number | null
  /** The server's own text, or the network's code (`ECONNREFUSED`, `TIMEOUT`, …). */
  readonly detail: string
  /** The body of the refusal, parsed where it is JSON. */
  readonly body: unknown

  constructor(call: string, status: number | null, detail: string, body: unknown, options?: ErrorOptions) {
    super(status === null ? `${call}: ${detail}` : `${call}: ${status} ${detail}`, options)
    this.call = call
    this.status = status
    this.detail = detail
    this.body = body
  }
}

export interface CallAnswer {
  readonly text: string
  readonly headers: Headers
}

/** Of one call, where they are not those of all. */
export interface CallLimits {
  readonly timeoutMs?: number
  readonly mostBytes?: number
}

/** A longer answer is not read. */
const answerLimit = 16 * 1024 * 1024

/**
 * The methods that toxiproxy-node-client calls, so that this can stand in for its own HTTP client, which has no
 * time-out, throws the server's error text away and follows redirects that turn a POST into a GET.
 */
export class Transport {
  readonly #timeoutMs: number

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  async get(url: string): Promise<{ readonly data: unknown }> {
    return { data: parsed('GET', url, (await this.call('GET', url)).text) }
  }

  async post(url: string, body?: unknown): Promise<{ readonly data: unknown }> {
    return { data: parsed('POST', url, (await this.call('POST', url, body)).text) }
  }

  async delete(url: string): Promise<void> {
    await this.call('DELETE', url)
  }

  async getText(url: string): Promise<string> {
    return (await this.call('GET', url)).text
  }

  /** Throws `ToxiproxyCallError`. */
  async call(
    method: string,
    url: string,
    body?: unknown,
    { timeoutMs = this.#timeoutMs, mostBytes = answerLimit }: CallLimits = {},
  ): Promise<CallAnswer> {
    const call = `${method} ${new URL(url).pathname}`
    let status: number
    let text: string
    let headers: Headers
    try {
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
      })
      status = response.status
      headers = response.headers
      text = await readBounded(response, mostBytes)
    } catch (error) {
      throw new ToxiproxyCallError(call, null, networkDetail(error, timeoutMs), null, { cause: error })
    }
    if (status >= 200 && status < 300) return { text, headers }
    const answer = attempt(text)
    throw new ToxiproxyCallError(
      call,
      status,
      errorText(answer) ?? (oneLine(text) || 'no further word'),
      answer,
    )
  }
}

async function readBounded(response: Response, mostBytes: number): Promise<string> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > mostBytes) throw new Error(`the answer is longer than ${mostBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parsed(method: string, url: string, text: string): unknown {
  if (text === '') return undefined
  const value = attempt(text)
  if (value !== undefined) return value
  const call = `${method} ${new URL(url).pathname}`
  throw new ToxiproxyCallError(call, null, `the answer is no JSON: ${oneLine(text)}`, null)
}

function attempt(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function errorText(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('error' in body)) return null
  return typeof body.error === 'string' ? oneLine(body.error) : null
}

/** Printable, in one line, and short: it may come from anybody's server. */
function oneLine(text: string): string {
  const line = text.replaceAll(/[^\x20-\x7e\u00a0-\u1fff\u2030-\ud7ff]+/g, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}

function networkDetail(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  let words = 'failed'
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (typeof code === 'string') return code
    words = cause.message
  }
  return oneLine(words)
}
