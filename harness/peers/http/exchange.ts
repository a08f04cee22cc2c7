import type { Ending } from '#model/model'
import { BodyDecoder, bodyFraming } from '#wire/http/body'
import { HeadReader, formatRequest } from '#wire/http/head'
import type { HeaderList } from '#wire/http/head'
import type { SessionContext } from '#peers/session/context'
import type { Endpoint } from '#peers/session/endpoint'
import type { HttpHead, Route } from '#peers/kit'
import { PlaceMap } from './body-offsets.ts'
import { requestHeaders, requestTarget } from './request-head.ts'
import { openSocket } from '#peers/net/socket'
import type { PeerSocket } from '#peers/net/types'

export interface ExchangeOptions {
  readonly endpoint: Endpoint
  /** Where to go: an address of the endpoint. */
  readonly url: URL
  readonly via: Route | undefined
  readonly method: string
  /** Request target; the URL's path and query unless told. */
  readonly target: string | undefined
  readonly version: '1.1' | '1.0'
  /** Sent unless the contract or the check gives a header of the same name. Host is added here. */
  readonly defaults: HeaderList
  /** What the check asks with: replaces a header of the same name. */
  readonly headers: HeaderList
  /** Headers to leave out, by name. */
  readonly without: readonly string[]
  readonly maxTls?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined
  /** A piece of the body as it comes, out of its framing, and when (ms of the session). */
  body?(bytes: Uint8Array, ms: number): void
  /** The body is over: whole, cut off, or past reading. */
  over?(): void
}

/** One HTTP/1.1 request over a connection of its own, and its response as it comes. */
export class Exchange {
  readonly #context: SessionContext
  readonly #options: ExchangeOptions
  readonly #places = new PlaceMap()
  #reader = new HeadReader()
  #socket: PeerSocket | null = null
  #head: HttpHead | null = null
  #headMs: number | null = null
  #asked = 0
  #received = 0
  #bodyFrom = 0
  #decoder: BodyDecoder | null = null
  #bad: string | null = null
  #over = false

  private constructor(context: SessionContext, options: ExchangeOptions) {
    this.#context = context
    this.#options = options
  }

  /**
   * Opens the connection and sends the request; waits for nothing. A failed TLS handshake stands in `socket.tls`.
   *
   * @throws what `openSocket` throws.
   */
  static async open(context: SessionContext, options: ExchangeOptions): Promise<Exchange> {
    const exchange = new Exchange(context, options)
    const socket = await openSocket(context, {
      url: options.url,
      via: options.via,
      tls: options.endpoint.tls,
      maxTls: options.maxTls,
      data: (bytes) => exchange.#data(bytes),
      ended: () => exchange.#finish(),
    })
    exchange.#socket = socket
    if (socket.tls === null || socket.tls.error === null) exchange.#ask(socket)
    return exchange
  }

  get socket(): PeerSocket {
    if (this.#socket === null) throw new TypeError('the exchange has no connection yet')
    return this.#socket
  }

  get head(): HttpHead | null {
    return this.#head
  }

  /** From the request to the whole head, in ms; null while there is none. */
  get headMs(): number | null {
    return this.#headMs
  }

  /** What makes the response unreadable, or null. */
  get bad(): string | null {
    return this.#bad ?? this.#decoder?.error ?? null
  }

  /** Nothing more will come of this response. */
  get over(): boolean {
    return this.#over
  }

  /** True when the body ended as its framing says. */
  get whole(): boolean {
    return this.#over && this.#decoder !== null && this.#decoder.error === null && this.#decoder.mayEnd
  }

  /** How it ended: a body that is over ends the exchange even where the connection stands. */
  get ending(): Ending | null {
    const ending = this.socket.ending
    if (ending !== null || !this.#over) return ending
    return { by: this.socket.route.severs ? 'proxy' : 'target', how: 'fin', code: null }
  }

  /** The bytes that the connection carried before this byte of the body; null where that was not kept. */
  rawOffset(bodyOffset: number): number | null {
    const at = this.#places.rawOf(bodyOffset)
    return at === null ? null : this.#bodyFrom + at
  }

  /** Waits for the whole head, or for what makes that impossible. */
  async headOrEnd(withinMs: number): Promise<HttpHead | null> {
    await this.socket.watch.until(
      () => (this.#head !== null || this.bad !== null || this.socket.ending !== null ? true : undefined),
      withinMs,
    )
    return this.#head
  }

  #ask(socket: PeerSocket): void {
    const { endpoint, url, method, target, version, defaults, headers, without } = this.#options
    const address = { url, encrypted: socket.tls !== null }
    const path = target ?? requestTarget(endpoint, address)
    const all = requestHeaders(endpoint, address, [['Host', url.host], ...defaults], { headers, without })
    const head = formatRequest(method, path, `HTTP/${version}`, all)
    this.#context.transcript.add('harness', 'head', `${method} ${path} HTTP/${version}`, head)
    this.#asked = socket.now()
    socket.write(head)
  }

  #data(bytes: Uint8Array): void {
    this.#received += bytes.length
    if (this.#over) {
      this.#behind(bytes)
      return
    }
    if (this.#decoder !== null) this.#body(this.#decoder, bytes)
    else this.#headBytes(bytes)
  }

  #headBytes(bytes: Uint8Array): void {
    if (this.#bad !== null) return
    const progress = this.#reader.push(bytes)
    if (progress.state === 'more') return
    if (progress.state === 'bad') {
      this.#bad = progress.what
      this.#context.transcript.add('target', 'bytes', progress.what, progress.received)
      this.#finish()
      return
    }
    const { head, rest } = progress
    this.#context.transcript.add('target', 'head', `${head.version} ${head.status} ${head.reason}`, head.raw)
    if (head.status < 200 && head.status !== 101) {
      this.#reader = new HeadReader()
      if (rest.length > 0) this.#headBytes(rest)
      return
    }
    this.#headComplete(head, rest)
  }

  #headComplete(head: HttpHead, rest: Uint8Array): void {
    this.#bodyFrom = this.#received - rest.length
    this.#head = head
    // Bytes can come before `open` has returned; then nothing was asked yet either.
    this.#headMs = this.#socket === null ? 0 : this.#socket.now() - this.#asked
    this.#socket?.opened(rest.length)
    this.#socket?.answered(this.#asked)
    const decoder = new BodyDecoder(bodyFraming(this.#options.method, head.status, head.headers))
    this.#decoder = decoder
    this.#body(decoder, rest)
  }

  #body(decoder: BodyDecoder, bytes: Uint8Array): void {
    for (const piece of decoder.push(bytes)) {
      this.#places.add(piece.at, piece.bytes.length)
      this.#options.body?.(piece.bytes, this.#context.now())
    }
    if (decoder.error !== null) this.#context.transcript.add('target', 'bytes', decoder.error, bytes)
    else if (decoder.excess > 0) this.#behind(bytes.subarray(bytes.length - decoder.excess))
    if (decoder.done || decoder.error !== null) this.#finish()
  }

  /** What comes when the response is over, as after the head of an answer to HEAD: kept for whoever judges it. */
  #behind(bytes: Uint8Array): void {
    if (this.#decoder?.done !== true) return
    this.#context.transcript.add('target', 'bytes', `${bytes.length} bytes behind the response`, bytes)
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#options.over?.()
    this.#socket?.watch.changed()
  }
}
