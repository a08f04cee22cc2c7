/** HTTP calls of Toxiproxy's API, each with a time limit, and errors that contain the server's own text. */

/** A call that failed: the server refused it (`status`), or did not answer it (`status` is null). */
export class ToxiproxyCallError extends Error {
  override readonly name = 'ToxiproxyCallError'
  readonly code = 'TOXIPROXY_CALL'
  readonly call: string
  readonly status: number | null
  /** The server's own text, or the network's code (`ECONNREFUSED`, `TIMEOUT`, …). */
  readonly detail: string

  constructor(call: string, status: number | null, detail: string, options?: ErrorOptions) {
    super(status === null ? `${call}: ${detail}` : `${call}: ${status} ${detail}`, options)
    this.call = call
    this.status = status
    this.detail = detail
  }
}

export interface CallAnswer {
  readonly text: string
  readonly headers: Headers
}

/** Limits of one call; they default to those of all calls. */
export interface CallLimits {
  readonly timeoutMs?: number
  readonly byteLimit?: number
}

/** Bytes. A longer answer is an error. */
const answerLimit = 16 * 1024 * 1024

/**
 * Replaces the HTTP client of toxiproxy-node-client and has the methods that the library calls. The library's own client
 * has no timeout, discards the server's error text, and follows redirects that turn a POST into a GET.
 */
export class Transport {
  readonly #timeoutMs: number

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  async get(url: string): Promise<{ readonly data: unknown }> {
    return { data: parseJson('GET', url, (await this.call('GET', url)).text) }
  }

  async post(url: string, body?: unknown): Promise<{ readonly data: unknown }> {
    return { data: parseJson('POST', url, (await this.call('POST', url, body)).text) }
  }

  async delete(url: string): Promise<void> {
    await this.call('DELETE', url)
  }

  /** @throws ToxiproxyCallError */
  async call(
    method: string,
    url: string,
    body?: unknown,
    { timeoutMs = this.#timeoutMs, byteLimit: mostBytes = answerLimit }: CallLimits = {},
  ): Promise<CallAnswer> {
    const call = `${method} ${new URL(url).pathname}`
    let status: number
    let text: string
    let headers: Headers
    try {
      // oxlint-disable-next-line no-restricted-globals -- the API is local, and nock can intercept only the global one
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
      throw new ToxiproxyCallError(call, null, networkDetail(error, timeoutMs), { cause: error })
    }
    if (status >= 200 && status < 300) return { text, headers }
    const detail = errorText(tryParse(text)) ?? (oneLine(text) || 'no error text')
    throw new ToxiproxyCallError(call, status, detail)
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

function parseJson(method: string, url: string, text: string): unknown {
  if (text === '') return undefined
  const value = tryParse(text)
  if (value !== undefined) return value
  const call = `${method} ${new URL(url).pathname}`
  throw new ToxiproxyCallError(call, null, `the answer is not JSON: ${oneLine(text)}`)
}

function tryParse(text: string): unknown {
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

/** Printable, in one line, and at most 200 characters: the text comes from a server that we do not control. */
function oneLine(text: string): string {
  const line = text.replaceAll(/[^\x20-\x7e\u00a0-\u1fff\u2030-\ud7ff]+/g, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}

function networkDetail(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  let message = 'failed'
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (typeof code === 'string') return code
    message = cause.message
  }
  return oneLine(message)
}
