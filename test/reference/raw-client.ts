import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** A TCP connection that keeps what it received, for literal bytes. */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket
  #received = ''
  #ended = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => (this.#received += String(chunk)))
    socket.on('error', () => undefined)
    socket.once('close', () => (this.#ended = true))
  }

  /** Connects and sends a request. `lines` are the request line and header lines, without line ends. */
  static async ask(url: URL, lines: readonly string[], body = ''): Promise<RawClient> {
    const client = new RawClient(connect(Number(url.port), '127.0.0.1'))
    client.socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')
    await once(client.socket, 'connect')
    return client
  }

  /** Sends a GET with Host and these further header lines. */
  static get(url: URL, ...lines: readonly string[]): Promise<RawClient> {
    return RawClient.ask(url, [`GET ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, ...lines])
  }

  get received(): string {
    return this.#received
  }

  /** Everything received, as soon as it includes `text`. Rejects if the connection closes before. */
  async until(text: string): Promise<string> {
    while (!this.#received.includes(text)) {
      if (this.#ended) throw new Error(`ended without ${JSON.stringify(text)}: ${this.#received}`)
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')])
    }
    return this.#received
  }

  /** Everything received, as soon as the connection has closed. */
  async untilEnd(): Promise<string> {
    if (!this.#ended) await once(this.socket, 'close')
    return this.#received
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    if (!this.#ended) await once(this.socket, 'close')
  }
}

/** Publishes an event. Returns the status of the response and the id of the event. */
export async function publish(
  url: URL,
  event: { readonly data: string; readonly event?: string; readonly id?: string },
): Promise<{ readonly status: number; readonly id: string | null }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  })
  const text = await response.text()
  return { status: response.status, id: response.ok ? (JSON.parse(text) as { id: string }).id : null }
}

/** The chunks of a chunked response body, joined. */
export function unchunked(response: string): string {
  let rest = response.slice(response.indexOf('\r\n\r\n') + 4)
  let body = ''
  for (;;) {
    const end = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, end), 16)
    if (end === -1 || Number.isNaN(size) || size === 0) return body
    body += rest.slice(end + 2, end + 2 + size)
    rest = rest.slice(end + 4 + size)
  }
}
