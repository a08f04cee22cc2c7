import { randomBytes } from 'node:crypto'
import { Inconclusive, Violation } from '#model/errors'
import type { Ending } from '#model/model'
import { FrameDecoder, opcodes } from '#wire/websocket/frames'
import { HeadReader, formatRequest } from '#wire/http/head'
import type { HeadProgress, HeaderList, ResponseHead } from '#wire/http/head'
import { parseExtensions, readDeflateTerms } from '#wire/websocket/deflate'
import type { DeflateTerms } from '#wire/websocket/deflate'
import type { SessionContext } from '#peers/session/context'
import type { Endpoint } from '#peers/session/endpoint'
import type { HandshakeAnswer, HandshakeChanges, HttpHead } from '#peers/kit'
import { tellRefusal } from '#peers/http/refusal'
import { requestHeaders, requestTarget, withholdsCredentials } from '#peers/http/request-head'
import type { RequestAddress } from '#peers/http/request-head'
import { Severed } from '#peers/faults/severed'
import { openSocket } from '#peers/net/socket'
import type { PeerSocket } from '#peers/net/types'
import { RawWebSocket } from './peer.ts'
import { endingWords } from './words.ts'

interface Manner {
  /** Payloads that follow stay out of the transcript, until the peer is told otherwise. */
  readonly discreet: boolean
  /** Nothing is wrong with the handshake: a target that hangs up on it is short of something. */
  readonly plain: boolean
}

/** Sends an opening handshake, changed as told, and waits for the head of its answer, the end, or the limit. */
export async function sendHandshake(
  context: SessionContext,
  changes: HandshakeChanges = {},
  manner: Manner = {
    discreet: false,
    plain: Object.keys(changes).every((name) => name === 'via' || name === 'url'),
  },
): Promise<Answer> {
  const endpoint = context.endpoint('websocket')
  const url = changes.url ?? endpoint.url
  const key = randomBytes(16).toString('base64')
  const answer = new Answer(context, key, manner)
  const socket = await openSocket(context, {
    url,
    via: changes.via,
    tls: endpoint.tls,
    maxTls: changes.maxTls,
    plainText: changes.plainText,
    data: (bytes) => answer.received(bytes),
    ended: () => answer.ended(),
  })
  answer.socket = socket
  const head = requestHead(endpoint, { url, encrypted: socket.tls !== null }, key, changes)
  if (socket.tls === null || socket.tls.error === null) {
    const line = `${changes.method ?? 'GET'} request to open a WebSocket`
    context.transcript.add('harness', 'head', line, head)
    const behind = changes.followedBy
    if (behind !== undefined)
      context.transcript.add('harness', 'bytes', `${behind.length} bytes behind the head`, behind)
    socket.write(Uint8Array.from(Buffer.concat([head, behind ?? new Uint8Array(0)])), changes.segments)
    await answer.whole(changes.via?.patience ?? 1)
  }
  return answer
}

function requestHead(
  endpoint: Endpoint,
  address: RequestAddress,
  key: string,
  changes: HandshakeChanges,
): Uint8Array {
  const { url, encrypted } = address
  const path = requestTarget(endpoint, address)
  const absolute = `${encrypted ? 'https' : 'http'}://${url.host}${path}`
  const target = changes.target === 'absolute' ? absolute : (changes.target ?? path)
  const { with: headers, without } = changes
  const merged = requestHeaders(endpoint, address, handshakeHeaders(endpoint, address, key), {
    headers,
    without,
  })
  const changed = [...merged, ...(changes.extra ?? [])]
  return formatRequest(
    changes.method ?? 'GET',
    target,
    changes.version ?? 'HTTP/1.1',
    changes.rewrite?.(changed) ?? changed,
    changes.rawLine ?? null,
  )
}

/** A valid opening handshake (RFC 6455 4.1). A server with a list of allowed origins requires an Origin. */
function handshakeHeaders(endpoint: Endpoint, address: RequestAddress, key: string): HeaderList {
  const { subprotocols, allowedOrigin } = endpoint
  // A subprotocol may carry a token.
  const offered = withholdsCredentials(endpoint, address) ? [] : subprotocols
  return [
    ['Host', address.url.host],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
    ...(offered.length === 0 ? [] : ([['Sec-WebSocket-Protocol', offered.join(', ')]] as const)),
    ...(allowedOrigin === null ? [] : ([['Origin', allowedOrigin]] as const)),
  ]
}

/** Bytes kept of what comes behind the head of an answer that is no WebSocket. */
const restCeiling = 256 * 1024

export class Answer implements HandshakeAnswer {
  readonly key: string
  head: HttpHead | null = null
  socket: PeerSocket | null = null
  readonly #context: SessionContext
  readonly #discreet: boolean
  /** The handshake was a good one: whatever keeps it from being answered, it is not its form. */
  readonly #plain: boolean
  #reader = new HeadReader()
  /** What is wrong with what came in place of a head. */
  #bad: string | null = null
  #peer: RawWebSocket | null = null
  #rest: Uint8Array = new Uint8Array(0)
  readonly #sent = new FrameDecoder()
  readonly #tells: Uint8Array[] = []

  constructor(context: SessionContext, key: string, manner: Manner) {
    this.#context = context
    this.key = key
    this.#discreet = manner.discreet
    this.#plain = manner.plain
  }

  get ending(): Ending | null {
    return this.#peer?.ending ?? this.socket?.ending ?? null
  }

  received(bytes: Uint8Array): void {
    if (this.#peer !== null) this.#peer.received(bytes)
    else if (this.head !== null || this.#bad !== null) this.#keep(bytes)
    else this.#read(this.#reader.push(bytes))
  }

  ended(): void {
    this.#peer?.ended()
    const { received } = this.#reader
    if (this.head === null && received.length > 0)
      this.#context.transcript.add('target', 'bytes', 'part of a head', received)
  }

  #read(progress: HeadProgress): void {
    if (progress.state === 'more') return
    if (progress.state === 'bad') {
      this.#bad = progress.what
      this.#context.transcript.add('target', 'bytes', progress.what, progress.received)
      return
    }
    const { head, rest } = progress
    this.#context.transcript.add('target', 'head', `status ${head.status}`, head.raw)
    // An interim answer is followed by the one that counts (RFC 9110 15.2).
    if (head.status < 200 && head.status !== 101) {
      this.#reader = new HeadReader()
      this.#read(this.#reader.push(rest))
      return
    }
    this.head = head
    if (head.status === 101) {
      this.#standing.opened(rest.length)
      this.#peer = this.#upgrade(head)
      this.#peer.discreet = this.#discreet
      this.#peer.received(rest)
    } else this.#keep(rest)
  }

  #upgrade(response: ResponseHead): RawWebSocket {
    const socket = this.#standing
    return new RawWebSocket({ context: this.#context, socket, response, deflate: acceptedDeflate(response) })
  }

  #keep(bytes: Uint8Array): void {
    if (this.#rest.length < restCeiling) this.#rest = Uint8Array.from(Buffer.concat([this.#rest, bytes]))
  }

  /** Waits for the whole head; a connection that nobody answers, or 429 and 503, concern the scheduler. */
  async whole(patience: number): Promise<void> {
    const socket = this.#standing
    const settled = (): true | undefined =>
      this.head !== null || this.#bad !== null || socket.remoteEnding !== null ? true : undefined
    const asked = socket.now()
    const { head, reply } = this.#context.limits
    // A link that severs is not waited for as long as a slow target.
    const within = socket.route.severs ? Math.min(head, reply / 2) : head * patience
    const answered = await socket.watch.until(settled, within)
    if (this.head !== null) socket.answered(asked)
    else if (answered === undefined) socket.gaveUp()
    const { observer } = this.#context.environment
    const status = this.head?.status
    // To a bad handshake a 503 may be the answer that is judged: the check goes on, and is observed again with fewer
    // beside it.
    if (this.head !== null) tellRefusal(observer, this.head)
    if (status === 429 || (status === 503 && this.#plain)) {
      throw new Inconclusive('target-refused', `the target answered a handshake with status ${status}`)
    }
    // A server that accepts TCP and hangs up on a good handshake may have too many connections already.
    const hungUp = socket.remoteEnding?.by === 'target' && this.#reader.received.length === 0
    if (hungUp && this.#plain) observer.refused('econnreset')
  }

  async expectAccepted(): Promise<RawWebSocket> {
    this.#context.judged(this.ending)
    const peer = this.#peer
    if (peer === null) {
      this.#severed()
      throw new Violation('the handshake to be accepted with status 101', this.#words())
    }
    return peer
  }

  expectRefused(): void {
    this.#context.judged(this.ending)
    if (this.head === null) this.#severed()
    const ended = this.#standing.remoteEnding !== null || this.#tlsFailed !== null
    if ((this.head === null && !ended) || this.head?.status === 101) {
      throw new Violation('the handshake to be refused', this.#words())
    }
  }

  expectHttpError(): HttpHead {
    this.#context.judged(this.ending)
    if (this.head === null) this.#severed()
    if (this.head !== null && this.head.status >= 400 && this.head.status <= 599) return this.head
    throw new Violation('an HTTP answer with a 4xx or 5xx status', this.#words())
  }

  sendBytes(bytes: Uint8Array): void {
    this.#context.transcript.add('harness', 'bytes', `${bytes.length} bytes`, bytes)
    for (const { opcode, payload } of this.#sent.push(bytes).frames)
      this.#tells.push(...answersTo(opcode, payload))
    this.#standing.write(bytes)
  }

  async expectNoFrame(): Promise<void> {
    const socket = this.#standing
    const frameCame = (): boolean =>
      (this.#peer?.frames.length ?? 0) > 0 || this.#tells.some((tell) => includes(this.#rest, tell))
    const over = (): true | undefined => (frameCame() || socket.remoteEnding !== null ? true : undefined)
    await socket.watch.until(over, this.#context.limits.reply)
    this.#context.judged(this.ending)
    if (frameCame())
      throw new Violation(
        'no WebSocket frame before a handshake was accepted',
        'the target answered with a frame',
      )
  }

  get #standing(): PeerSocket {
    if (this.socket === null) throw new TypeError('an answer without its socket')
    return this.socket
  }

  get #tlsFailed(): string | null {
    return this.#standing.tls?.error ?? null
  }

  #severed(): void {
    if (this.#standing.route.severs) throw new Severed('the link did not bring the answer of the handshake')
  }

  #words(): string {
    if (this.#tlsFailed !== null) return `TLS failed: ${this.#tlsFailed}`
    if (this.head !== null) return `an answer with status ${this.head.status}`
    if (this.#bad !== null) return this.#bad
    const part = this.#reader.received.length > 0 ? ' after part of a head' : ', no answer before'
    const ending = endingWords(this.#standing.remoteEnding)
    return ending === null ? 'no whole answer came' : `${ending}${part}`
  }
}

/** The terms of permessage-deflate as the answer states them; null where it does not, or states them wrongly. */
function acceptedDeflate(head: ResponseHead): DeflateTerms | null {
  const parsed = parseExtensions(head.list('sec-websocket-extensions'))
  const element = parsed?.find(({ name }) => name === 'permessage-deflate')
  if (element === undefined) return null
  const terms = readDeflateTerms(element)
  return typeof terms === 'string' ? null : terms
}

/** What a target that took this frame would send: an unmasked Pong, or the payload in a data frame. */
function answersTo(opcode: number, payload: Uint8Array): Uint8Array[] {
  if (payload.length > 125) return []
  const framed = (first: number): Uint8Array => Uint8Array.from([first, payload.length, ...payload])
  if (opcode === opcodes.ping) return [framed(0x80 | opcodes.pong)]
  if (opcode === opcodes.close) return [framed(0x80 | opcodes.close)]
  return payload.length > 0 ? [framed(0x80 | opcode)] : []
}

function includes(whole: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(whole).includes(Buffer.from(part))
}
