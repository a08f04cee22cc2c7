import { Inconclusive, Violation } from '#model/errors'
import type { Ending } from '#model/model'
import { FrameDecoder, opcodes } from '#wire/websocket/frames'
import { HeadReader } from '#wire/http/head'
import type { HeadProgress, ResponseHead } from '#wire/http/head'
import { parseExtensions, readDeflateTerms } from '#wire/websocket/deflate'
import type { DeflateTerms } from '#wire/websocket/deflate'
import type { SessionContext } from '#peers/session/context'
import type { HandshakeAnswer, HttpHead } from '#peers/kit'
import { tellRefusal } from '#peers/http/refusal'
import { Severed } from '#peers/faults/severed'
import type { ByteStream } from '#peers/net/byte-stream'
import { RawWebSocket } from './peer.ts'
import { endingWords } from './words.ts'

export interface Manner {
  /** Payloads that follow stay out of the transcript, until the peer's `discreet` is reset. */
  readonly discreet: boolean
  /** Nothing is wrong with the handshake: a target that hangs up on it lacks a resource. */
  readonly plain: boolean
}

interface AnswerOptions extends Manner {
  /** The Sec-WebSocket-Key that is sent. */
  readonly key: string
  readonly tlsError: string | null
}

/** Bytes kept of what comes behind the head of an answer that is no WebSocket. */
const restCeiling = 256 * 1024

export class Answer implements HandshakeAnswer {
  readonly key: string
  readonly stream: ByteStream
  /** Why the TLS handshake or the certificate failed; nothing was sent then. */
  readonly tlsError: string | null
  head: HttpHead | null = null
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

  constructor(context: SessionContext, stream: ByteStream, options: AnswerOptions) {
    this.#context = context
    this.stream = stream
    this.key = options.key
    this.tlsError = options.tlsError
    this.#discreet = options.discreet
    this.#plain = options.plain
    stream.read({ data: (bytes) => this.#received(bytes), ended: () => this.#ended() })
  }

  get ending(): Ending | null {
    return this.#peer?.ending ?? this.stream.ending
  }

  #received(bytes: Uint8Array): void {
    if (this.#peer !== null) this.#peer.received(bytes)
    else if (this.head !== null || this.#bad !== null) this.#keep(bytes)
    else this.#read(this.#reader.push(bytes))
  }

  #ended(): void {
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
      this.stream.opened(rest.length)
      this.#peer = this.#upgrade(head)
      this.#peer.discreet = this.#discreet
      this.#peer.received(rest)
    } else this.#keep(rest)
  }

  #upgrade(response: ResponseHead): RawWebSocket {
    const { stream } = this
    return new RawWebSocket({ context: this.#context, stream, response, deflate: acceptedDeflate(response) })
  }

  #keep(bytes: Uint8Array): void {
    if (this.#rest.length < restCeiling) this.#rest = Uint8Array.from(Buffer.concat([this.#rest, bytes]))
  }

  /** Waits for the whole head; a connection that nobody answers, or 429 and 503, concern the scheduler. */
  async whole(patience: number): Promise<void> {
    const { stream } = this
    const settled = (): true | undefined =>
      this.head !== null || this.#bad !== null || stream.remoteEnding !== null ? true : undefined
    const asked = stream.now()
    const { head, reply } = this.#context.limits
    // A link that severs is not waited for as long as a slow target.
    const within = stream.route.severs ? Math.min(head, reply / 2) : head * patience
    const answered = await stream.watch.until(settled, within)
    if (this.head !== null) stream.answered(asked)
    else if (answered === undefined) stream.gaveUp()
    const { observer } = this.#context.environment
    const status = this.head?.status
    // To a bad handshake a 503 may be the answer that is judged: the check goes on, and is observed again with fewer
    // beside it.
    if (this.head !== null) tellRefusal(observer, this.head)
    if (status === 429 || (status === 503 && this.#plain)) {
      throw new Inconclusive('target-refused', `the target answered a handshake with status ${status}`)
    }
    // A server that accepts TCP and hangs up on a good handshake may have too many connections already.
    const hungUp = stream.remoteEnding?.by === 'target' && this.#reader.received.length === 0
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
    const ended = this.stream.remoteEnding !== null || this.tlsError !== null
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
    this.stream.write(bytes)
  }

  async expectNoFrame(): Promise<void> {
    const { stream } = this
    const frameCame = (): boolean =>
      (this.#peer?.frames.length ?? 0) > 0 || this.#tells.some((tell) => includes(this.#rest, tell))
    const over = (): true | undefined => (frameCame() || stream.remoteEnding !== null ? true : undefined)
    await stream.watch.until(over, this.#context.limits.reply)
    this.#context.judged(this.ending)
    if (frameCame())
      throw new Violation(
        'no WebSocket frame before a handshake was accepted',
        'the target answered with a frame',
      )
  }

  #severed(): void {
    if (this.stream.route.severs) throw new Severed('the link did not bring the answer of the handshake')
  }

  #words(): string {
    if (this.tlsError !== null) return `TLS failed: ${this.tlsError}`
    if (this.head !== null) return `an answer with status ${this.head.status}`
    if (this.#bad !== null) return this.#bad
    const part = this.#reader.received.length > 0 ? ' after part of a head' : ', no answer before'
    const ending = endingWords(this.stream.remoteEnding)
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
