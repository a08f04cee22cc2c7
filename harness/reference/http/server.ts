import type { Socket } from 'node:net'
import type { HttpRules } from './rules.ts'
import { headLimits, parseHead } from './head.ts'
import type { RequestHead } from './head.ts'

/** What is sent back. `Content-Length`, `Date` and `Connection` are filled in. */
export interface HttpResponse {
  readonly status: number
  readonly reason?: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string | Uint8Array
  /** False unless told: the connection is closed behind the answer. */
  readonly keepAlive?: boolean
}

/** Time in which a head, or a body, must be complete. */
const patienceMs = 10_000

/** How long bytes of a refused peer are read and thrown away, so that it can read the answer before a RST. */
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
 * The server's side of one HTTP/1.1 connection on a raw socket: reads heads by the strict grammar of RFC 9112,
 * refuses what breaks it, and hands the socket over after an upgrade. The socket may be plain or TLS; whoever
 * accepted it destroys it at the end, everything here goes with it.
 */
export class HttpConnection {
  readonly socket: Socket
  /** How many pieces the octets came in so far. */
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
   * The next request's head; null when the peer went away, or sent what had to be refused: the answer has been
   * sent then, and nothing is left to do.
   */
  async readHead(): Promise<RequestHead | null> {
    const late = setTimeout(() => this.socket.destroy(), patienceMs)
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
        await this.#more()
      }
    } finally {
      clearTimeout(late)
    }
  }

  /**
   * The body that belongs to the head: by Content-Length, chunked, or none. Null when it cannot be had; the
   * answer has been sent then. `limit` in octets.
   */
  async readBody(head: RequestHead, limit: number): Promise<Buffer | null> {
    if (head.get('transfer-encoding') !== null) {
      this.respond({ status: 411, body: 'a body needs a Content-Length here\n' })
      return null
    }
    const length = Number(head.get('content-length') ?? '0')
    if (length > limit) {
      this.respond({ status: 413, body: 'the body is too large\n' })
      return null
    }
    const late = setTimeout(() => this.socket.destroy(), patienceMs)
    try {
      while (this.#received.length < length) {
        if (this.#ended) {
          this.socket.destroy()
          return null
        }
        await this.#more()
      }
    } finally {
      clearTimeout(late)
    }
    const body = Buffer.from(this.#received.subarray(0, length))
    this.#received = Buffer.from(this.#received.subarray(length))
    return body
  }

  /** Sends a whole answer. Unless it keeps the connection alive, ends it, and reads on for a moment. */
  respond(response: HttpResponse): void {
    const keepAlive = response.keepAlive ?? false
    const body = Buffer.from(response.body ?? '')
    const bodyless = response.status === 204 || response.status === 304 || response.status < 200
    this.sendHead(response.status, [
      ...(response.headers ?? []),
      ...(body.length > 0 && !named(response.headers, 'content-type')
        ? [['Content-Type', 'text/plain; charset=utf-8'] as const]
        : []),
      ...(bodyless ? [] : [['Content-Length', String(body.length)] as const]),
      ['Connection', keepAlive ? 'keep-alive' : 'close'] as const,
    ])
    if (!bodyless && this.#head?.method !== 'HEAD') this.write(body)
    if (!keepAlive) this.linger()
  }

  /** Sends status line and headers as given, with a `Date` unless there is one. */
  sendHead(
    status: number,
    headers: readonly (readonly [string, string])[],
    reason = reasons[status] ?? '',
  ): void {
    const dated: readonly (readonly [string, string])[] =
      status < 200 || named(headers, 'date') ? headers : [['Date', new Date().toUTCString()], ...headers]
    const lines = dated.map(([name, value]) => `${name}: ${value}\r\n`)
    this.write(Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`, 'latin1'))
  }

  /** Writes unless the socket is gone. */
  write(bytes: Uint8Array): void {
    if (bytes.length > 0 && this.socket.writable) this.socket.write(bytes)
  }

  /** FIN behind what was written, then reads and throws away until the peer ends too, or a second has gone. */
  linger(): void {
    this.#release()
    const socket = this.socket
    socket.resume()
    if (socket.writable) socket.end()
    if (this.#ended) return
    const late = setTimeout(() => socket.destroy(), lingerMs)
    socket.once('close', () => clearTimeout(late))
    socket.once('end', () => socket.destroySoon())
  }

  /** Hands the socket over: gives what came behind the head, and listens to it no longer. The socket is paused. */
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

  #more(): Promise<void> {
    this.socket.resume()
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null
        resolve()
      }
    })
  }
}

function named(headers: HttpResponse['headers'], name: string): boolean {
  return headers?.some(([one]) => one.toLowerCase() === name) ?? false
}
