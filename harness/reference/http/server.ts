import type { Socket } from 'node:net'
import type { HttpRules } from './rules.ts'
import { headLimits, parseHead } from './head.ts'
import type { RequestHead } from './head.ts'

/** A response. `Content-Length`, `Date` and `Connection` are added. */
export interface HttpResponse {
  readonly status: number
  readonly reason?: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string | Uint8Array
  /** Default: false, the connection is closed after the response. */
  readonly keepAlive?: boolean
}

/** Time in which a head or a body must arrive completely, in ms. */
const receiveTimeoutMs = 10_000

/** How long bytes of a rejected client are read and discarded, so that it can read the response before a RST. In ms. */
const lingerMs = 1000

const reasons: Readonly<Record<number, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  202: 'Accepted',
  204: 'No Content',
  301: 'Moved Permanently',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  411: 'Length Required',
  413: 'Content Too Large',
  414: 'URI Too Long',
  426: 'Upgrade Required',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  505: 'HTTP Version Not Supported',
}

/**
 * The server's side of one HTTP/1.1 connection on a raw socket: parses heads by the strict grammar of RFC 9112,
 * rejects malformed ones, and gives the socket away after an upgrade. The socket may be plain or TLS; the listener
 * that accepted it destroys it at the end.
 */
export class HttpConnection {
  readonly socket: Socket
  /** Number of segments received so far. */
  reads = 0
  readonly #rules: HttpRules
  #received: Buffer = Buffer.alloc(0)
  #ended = false
  #head: RequestHead | null = null
  #wake: (() => void) | null = null
  readonly #onData = (chunk: Buffer): void => {
    this.reads += 1
    this.#received = Buffer.concat([this.#received, chunk])
    if (this.#received.length > headLimits.head * 4) this.socket.pause()
    this.#wake?.()
  }
  readonly #onEnd = (): void => {
    this.#ended = true
    this.#wake?.()
  }

  constructor(socket: Socket, rules: HttpRules) {
    this.socket = socket
    this.#rules = rules
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('data', this.#onData)
    socket.once('end', this.#onEnd)
    socket.once('close', this.#onEnd)
  }

  /**
   * The next request's head; null if the client left, or sent a malformed head: the error response has then been
   * sent already.
   */
  async readHead(): Promise<RequestHead | null> {
    const timeout = setTimeout(() => this.socket.destroy(), receiveTimeoutMs)
    try {
      for (;;) {
        const parsed = parseHead(this.#received, this.#rules)
        if (parsed.kind === 'whole') {
          this.#received = Buffer.from(this.#received.subarray(parsed.length))
          this.#head = parsed.head
          return parsed.head
        }
        if (parsed.kind === 'refused') {
          this.#head = null
          this.respond({ status: parsed.status, body: `${parsed.why}\n` })
          return null
        }
        if (this.#ended) {
          this.socket.destroy()
          return null
        }
        await this.#receiveMore()
      }
    } finally {
      clearTimeout(timeout)
    }
  }

  /**
   * The body of a request with Content-Length; empty without. Null if the client left, or the body is chunked or
   * longer than `limit` bytes: the error response has then been sent already.
   */
  async readBody(head: RequestHead, limit: number): Promise<Buffer | null> {
    if (head.get('transfer-encoding') !== null) {
      this.respond({ status: 411, body: 'a body needs a Content-Length\n' })
      return null
    }
    const length = Number(head.get('content-length') ?? '0')
    if (length > limit) {
      this.respond({ status: 413, body: 'the body is too large\n' })
      return null
    }
    const timeout = setTimeout(() => this.socket.destroy(), receiveTimeoutMs)
    try {
      while (this.#received.length < length) {
        if (this.#ended) {
          this.socket.destroy()
          return null
        }
        await this.#receiveMore()
      }
    } finally {
      clearTimeout(timeout)
    }
    const body = Buffer.from(this.#received.subarray(0, length))
    this.#received = Buffer.from(this.#received.subarray(length))
    return body
  }

  /** Sends a complete response. Then ends the connection, unless `keepAlive` is set. */
  respond(response: HttpResponse): void {
    const keepAlive = response.keepAlive ?? false
    const body = Buffer.from(response.body ?? '')
    const bodyless = response.status === 204 || response.status === 304 || response.status < 200
    this.sendHead(response.status, [
      ...(response.headers ?? []),
      ...(body.length > 0 && !hasHeader(response.headers, 'content-type')
        ? [['Content-Type', 'text/plain; charset=utf-8'] as const]
        : []),
      ...(bodyless ? [] : [['Content-Length', String(body.length)] as const]),
      ['Connection', keepAlive ? 'keep-alive' : 'close'] as const,
    ])
    if (!bodyless && this.#head?.method !== 'HEAD') this.write(body)
    if (!keepAlive) this.linger()
  }

  /** Sends the status line and headers as given, and a `Date` if they have none. */
  sendHead(
    status: number,
    headers: readonly (readonly [string, string])[],
    reason = reasons[status] ?? '',
  ): void {
    const dated: readonly (readonly [string, string])[] =
      status < 200 || hasHeader(headers, 'date') ? headers : [['Date', new Date().toUTCString()], ...headers]
    const lines = dated.map(([name, value]) => `${name}: ${value}\r\n`)
    this.write(Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`, 'latin1'))
  }

  /** Writes, unless the socket is closed. */
  write(bytes: Uint8Array): void {
    if (bytes.length > 0 && this.socket.writable) this.socket.write(bytes)
  }

  /** Sends a FIN after the written bytes, then reads and discards until the client ends too, or `lingerMs` have passed. */
  linger(): void {
    this.#release()
    const socket = this.socket
    socket.resume()
    if (socket.writable) socket.end()
    if (this.#ended) return
    const timeout = setTimeout(() => socket.destroy(), lingerMs)
    socket.once('close', () => clearTimeout(timeout))
    socket.once('end', () => socket.destroySoon())
  }

  /** Gives the socket away, paused, with the bytes received after the head, and stops listening to it. */
  takeOver(): { readonly socket: Socket; readonly rest: Buffer; readonly ended: boolean } {
    this.#release()
    this.socket.pause()
    const rest = this.#received
    this.#received = Buffer.alloc(0)
    return { socket: this.socket, rest, ended: this.#ended }
  }

  #release(): void {
    this.socket.off('data', this.#onData)
    this.socket.off('end', this.#onEnd)
    this.socket.off('close', this.#onEnd)
  }

  #receiveMore(): Promise<void> {
    this.socket.resume()
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null
        resolve()
      }
    })
  }
}

function hasHeader(headers: HttpResponse['headers'], name: string): boolean {
  return headers?.some(([header]) => header.toLowerCase() === name) ?? false
}
