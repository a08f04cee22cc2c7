import { Inconclusive, Violation } from '#model/errors'
import type { Ending } from '#model/model'
import { FrameDecoder, opcodes } from '#wire/websocket/frames'
import { HeadReader } from '#wire/http/head'
import type { HeadProgress, ResponseHead } from '#wire/http/head'
import { parseExtensions, readDeflateTerms } from '#wire/websocket/deflate'
import type { DeflateTerms } from '#wire/websocket/deflate'
import type { SessionContext } from '#peers/session/context'
import type { HandshakeAnswer, HttpHead } from '#peers/kit'
import { reportRefusal } from '#peers/http/refusal'
import { Severed } from '#peers/faults/severed'
import type { ByteStream } from '#peers/net/byte-stream'
import { RawWebSocket } from './peer.ts'
import { endingWords } from './words.ts'

export interface HandshakeTraits {
  /** Payloads after the handshake stay out of the transcript, until the peer's `hidesPayloads` is reset. */
  readonly hidesPayloads: boolean
  /** The handshake is valid: a target that closes the connection without an answer may be overloaded. */
  readonly isValid: boolean
}

interface AnswerOptions extends HandshakeTraits {
  /** The Sec-WebSocket-Key that is sent. */
  readonly key: string
  readonly tlsError: string | null
}

/** Bytes kept after the head of an answer that does not open a WebSocket. */
const restCeiling = 256 * 1024

/** The answer to an opening handshake, as it arrives. */
export class Answer implements HandshakeAnswer {
  readonly key: string
  readonly stream: ByteStream
  /** Why the TLS handshake or the certificate failed; nothing was sent then. */
  readonly tlsError: string | null
  head: HttpHead | null = null
  readonly #context: SessionContext
  readonly #hidesPayloads: boolean
  readonly #isValid: boolean
  #reader = new HeadReader()
  /** Why the bytes received are not a head. */
  #bad: string | null = null
  #peer: RawWebSocket | null = null
  #rest: Uint8Array = new Uint8Array(0)
  readonly #sent = new FrameDecoder()
  /** Frames that would show that the target processed a frame sent before the handshake was accepted. */
  readonly #evidence: Uint8Array[] = []

  constructor(context: SessionContext, stream: ByteStream, options: AnswerOptions) {
    this.#context = context
    this.stream = stream
    this.key = options.key
    this.tlsError = options.tlsError
    this.#hidesPayloads = options.hidesPayloads
    this.#isValid = options.isValid
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
      this.#context.transcript.add('target', 'bytes', 'an incomplete head', received)
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
    // The final answer follows an interim one (RFC 9110 15.2).
    if (head.status < 200 && head.status !== 101) {
      this.#reader = new HeadReader()
      this.#read(this.#reader.push(rest))
      return
    }
    this.head = head
    if (head.status === 101) {
      this.stream.opened(rest.length)
      this.#peer = this.#upgrade(head)
      this.#peer.hidesPayloads = this.#hidesPayloads
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

  /**
   * Waits for the complete head, and reports a refusal to the scheduler.
   *
   * @throws Inconclusive on 429, and on 503 to a valid handshake.
   */
  async complete(patience: number): Promise<void> {
    const { stream } = this
    const settled = (): true | undefined =>
      this.head !== null || this.#bad !== null || stream.remoteEnding !== null ? true : undefined
    const asked = stream.now()
    const { head, reply } = this.#context.limits
    // A fault that ends connections needs less patience than a slow target.
    const within = stream.route.severs ? Math.min(head, reply / 2) : head * patience
    const answered = await stream.watch.until(settled, within)
    if (this.head !== null) stream.answered(asked)
    else if (answered === undefined) stream.gaveUp()
    const { observer } = this.#context.environment
    const status = this.head?.status
    // To an invalid handshake, a 503 may be the answer that the check is about: it goes on, and if it fails it is
    // repeated alone.
    if (this.head !== null) reportRefusal(observer, this.head)
    if (status === 429 || (status === 503 && this.#isValid)) {
      throw new Inconclusive('target-refused', `the target answered a handshake with status ${status}`)
    }
    // A server that accepts TCP and closes it on a valid handshake may have too many connections.
    const isClosedUnanswered = stream.remoteEnding?.by === 'target' && this.#reader.received.length === 0
    if (isClosedUnanswered && this.#isValid) observer.refused('econnreset')
  }

  async expectAccepted(): Promise<RawWebSocket> {
    this.#context.judged(this.ending)
    const peer = this.#peer
    if (peer === null) {
      this.#throwIfSevered()
      throw new Violation('the handshake to be accepted with status 101', this.#description())
    }
    return peer
  }

  expectRefused(): void {
    this.#context.judged(this.ending)
    if (this.head === null) this.#throwIfSevered()
    const ended = this.stream.remoteEnding !== null || this.tlsError !== null
    if ((this.head === null && !ended) || this.head?.status === 101) {
      throw new Violation('the handshake to be refused', this.#description())
    }
  }

  expectHttpError(): HttpHead {
    this.#context.judged(this.ending)
    if (this.head === null) this.#throwIfSevered()
    if (this.head !== null && this.head.status >= 400 && this.head.status <= 599) return this.head
    throw new Violation('an HTTP answer with a 4xx or 5xx status', this.#description())
  }

  sendBytes(bytes: Uint8Array): void {
    this.#context.transcript.add('harness', 'bytes', `${bytes.length} bytes`, bytes)
    for (const { opcode, payload } of this.#sent.push(bytes).frames)
      this.#evidence.push(...framesInAnswerTo(opcode, payload))
    this.stream.write(bytes)
  }

  async expectNoFrame(): Promise<void> {
    const { stream } = this
    const frameCame = (): boolean =>
      (this.#peer?.frames.length ?? 0) > 0 || this.#evidence.some((frame) => includes(this.#rest, frame))
    const over = (): true | undefined => (frameCame() || stream.remoteEnding !== null ? true : undefined)
    await stream.watch.until(over, this.#context.limits.reply)
    this.#context.judged(this.ending)
    if (frameCame())
      throw new Violation(
        'no WebSocket frame before a handshake was accepted',
        'the target answered with a frame',
      )
  }

  #throwIfSevered(): void {
    if (this.stream.route.severs) throw new Severed('the proxy did not deliver the answer to the handshake')
  }

  #description(): string {
    if (this.tlsError !== null) return `TLS failed: ${this.tlsError}`
    if (this.head !== null) return `an answer with status ${this.head.status}`
    if (this.#bad !== null) return this.#bad
    const part = this.#reader.received.length > 0 ? ' after an incomplete head' : ' before an answer'
    const ending = endingWords(this.stream.remoteEnding)
    return ending === null ? 'no complete answer in time' : `${ending}${part}`
  }
}

/** The terms of permessage-deflate in the answer; null if it does not accept it, or its terms are invalid. */
function acceptedDeflate(head: ResponseHead): DeflateTerms | null {
  const parsed = parseExtensions(head.list('sec-websocket-extensions'))
  const element = parsed?.find(({ name }) => name === 'permessage-deflate')
  if (element === undefined) return null
  const terms = readDeflateTerms(element)
  return typeof terms === 'string' ? null : terms
}

/** What a target that processed this frame would send: an unmasked Pong or Close, or the payload in a data frame. */
function framesInAnswerTo(opcode: number, payload: Uint8Array): Uint8Array[] {
  if (payload.length > 125) return []
  const framed = (first: number): Uint8Array => Uint8Array.from([first, payload.length, ...payload])
  if (opcode === opcodes.ping) return [framed(0x80 | opcodes.pong)]
  if (opcode === opcodes.close) return [framed(0x80 | opcodes.close)]
  return payload.length > 0 ? [framed(0x80 | opcode)] : []
}

function includes(whole: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(whole).includes(Buffer.from(part))
}
