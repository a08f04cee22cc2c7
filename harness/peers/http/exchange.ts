import type { Ending } from '#model/model'
import { BodyDecoder, bodyFraming } from '#wire/http/body'
import { HeadReader, formatRequest } from '#wire/http/head'
import type { HeaderList } from '#wire/http/head'
import type { SessionContext } from '#peers/session/context'
import type { Endpoint } from '#peers/session/endpoint'
import type { HttpHead } from '#peers/kit'
import { BodyOffsetMap } from './body-offsets.ts'
import { requestHeaders, requestTarget } from './request-head.ts'
import type { ByteStream } from '#peers/net/byte-stream'
import type { TlsFacts } from '#peers/net/connection'

/** A request to a target. Anything may be wrong with it. */
export interface ExchangeRequest {
  readonly endpoint: Endpoint
  /** Where it goes: an address of the endpoint. */
  readonly url: URL
  readonly method: string
  /** Request target; by default the URL's path and query. */
  readonly target?: string | undefined
  readonly version: '1.1' | '1.0'
  /** Sent unless the contract or the check gives a header of the same name. Host and Content-Length are added here. */
  readonly defaults: HeaderList
  /** What the check asks with: replaces a header of the same name. */
  readonly headers: HeaderList
  /** Headers to leave out, by name. */
  readonly without: readonly string[]
  readonly body?: Uint8Array | undefined
}

export interface ExchangeOptions extends ExchangeRequest {
  /** Of the connection that carries the stream. If it failed, nothing is sent. */
  readonly tls: TlsFacts | null
  /** The next bytes of the response's body, without their framing, and when they arrived (ms of the session). */
  onBody?(bytes: Uint8Array, ms: number): void
  /** The body is over: complete, cut off, or unreadable. */
  onEnd?(): void
}

/** One HTTP/1.1 request over a byte stream of its own, and its response as it arrives. */
export class Exchange {
  readonly stream: ByteStream
  readonly tls: TlsFacts | null
  readonly #context: SessionContext
  readonly #options: ExchangeOptions
  readonly #offsets = new BodyOffsetMap()
  readonly #asked: number
  #reader = new HeadReader()
  #head: HttpHead | null = null
  #headMs: number | null = null
  #received = 0
  #bodyFrom = 0
  #decoder: BodyDecoder | null = null
  #bad: string | null = null
  #over = false

  /** Sends the request; waits for nothing. */
  constructor(context: SessionContext, stream: ByteStream, options: ExchangeOptions) {
    this.#context = context
    this.#options = options
    this.stream = stream
    this.tls = options.tls
    this.#asked = stream.now()
    if (options.tls === null || options.tls.error === null) this.#ask()
    stream.read({ data: (bytes) => this.#data(bytes), ended: () => this.#finish() })
  }

  get head(): HttpHead | null {
    return this.#head
  }

  /** From the request to the complete head, in ms; null before that. */
  get headMs(): number | null {
    return this.#headMs
  }

  /** What makes the response invalid, or null. */
  get bad(): string | null {
    return this.#bad ?? this.#decoder?.error ?? null
  }

  /** The response is complete, cut off, or invalid. */
  get over(): boolean {
    return this.#over
  }

  /** How it ended: a complete body ends the exchange even if the connection stays open. */
  get ending(): Ending | null {
    const ending = this.stream.ending
    if (ending !== null || !this.#over) return ending
    return { by: this.stream.route.severs ? 'proxy' : 'target', how: 'fin', code: null }
  }

  /** Number of bytes that the connection carried before this byte of the body; null if it is unknown. */
  rawOffset(bodyOffset: number): number | null {
    const at = this.#offsets.rawOffsetOf(bodyOffset)
    return at === null ? null : this.#bodyFrom + at
  }

  /** Waits for the complete head; null if the response is invalid, the stream ended, or the time is over. */
  async headOrEnd(withinMs: number): Promise<HttpHead | null> {
    await this.stream.watch.until(
      () => (this.#head !== null || this.bad !== null || this.stream.ending !== null ? true : undefined),
      withinMs,
    )
    return this.#head
  }

  #ask(): void {
    const { endpoint, url, method, target, version, headers, without, body } = this.#options
    const address = { url, encrypted: this.tls !== null }
    const path = target ?? requestTarget(endpoint, address)
    const length = body === undefined ? [] : [['Content-Length', String(body.length)] as const]
    const defaults = [['Host', url.host] as const, ...this.#options.defaults, ...length]
    const all = requestHeaders(endpoint, address, defaults, { headers, without })
    const head = formatRequest(method, path, `HTTP/${version}`, all)
    const { transcript } = this.#context
    transcript.add('harness', 'head', `${method} ${path} HTTP/${version}`, head)
    if (body !== undefined)
      transcript.add('harness', 'bytes', `${body.length} bytes of the request's body`, body)
    this.stream.write(body === undefined ? head : Uint8Array.from(Buffer.concat([head, body])))
  }

  #data(bytes: Uint8Array): void {
    this.#received += bytes.length
    if (this.#over) {
      this.#surplus(bytes)
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
    this.#headMs = this.stream.now() - this.#asked
    this.stream.opened(rest.length)
    this.stream.answered(this.#asked)
    const decoder = new BodyDecoder(bodyFraming(this.#options.method, head.status, head.headers))
    this.#decoder = decoder
    this.#body(decoder, rest)
  }

  #body(decoder: BodyDecoder, bytes: Uint8Array): void {
    for (const piece of decoder.push(bytes)) {
      this.#offsets.add(piece.at, piece.bytes.length)
      this.#options.onBody?.(piece.bytes, this.#context.now())
    }
    if (decoder.error !== null) this.#context.transcript.add('target', 'bytes', decoder.error, bytes)
    else if (decoder.excess > 0) this.#surplus(bytes.subarray(bytes.length - decoder.excess))
    if (decoder.done || decoder.error !== null) this.#finish()
  }

  /** Records bytes after the end of the response, such as content after the head of an answer to HEAD. */
  #surplus(bytes: Uint8Array): void {
    if (this.#decoder?.done !== true) return
    this.#context.transcript.add('target', 'bytes', `${bytes.length} bytes after the response`, bytes)
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#options.onEnd?.()
    this.stream.watch.changed()
  }
}

const who: Readonly<Record<Ending['by'], string>> = {
  target: 'the target',
  harness: 'the harness',
  proxy: 'the proxy',
}

const how: Readonly<Record<Ending['how'], string>> = {
  'close-frame': 'by a Close frame',
  fin: 'by FIN',
  rst: 'by RST',
  timeout: 'by silence',
}

/** `the target ended the stream by FIN`: the same text in every run. */
export function endedHow(ending: Ending, what: string): string {
  return `${who[ending.by]} ended ${what} ${how[ending.how]}`
}
