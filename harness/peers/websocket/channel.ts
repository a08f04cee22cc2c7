import { Violation } from '#model/errors'
import type { Inconclusive } from '#model/errors'
import type { Ending } from '#model/model'
import { Inflater, inflateCeiling } from '#wire/websocket/deflate'
import type { DeflateTerms } from '#wire/websocket/deflate'
import { FrameDecoder, closeBody, opcodes, readCloseBody } from '#wire/websocket/frames'
import type { SessionContext } from '#peers/session/context'
import { endedByPolicy } from '#peers/net/idle-control'
import type { Idle } from '#peers/net/idle-control'
import type { FrameToSend, ReceivedFrame, ReceivedMessage, Segments } from '#peers/kit'
import { Severed } from '#peers/faults/severed'
import type { ByteStream } from '#peers/net/byte-stream'
import { Inbox, frameNote } from './inbox.ts'
import { Outbox, toWire } from './outbox.ts'
import { endingWords, sendable } from './words.ts'

/** One WebSocket's stream with what came and what went; what every endpoint owes is answered here, by itself. */
export class WebSocketChannel {
  readonly context: SessionContext
  readonly stream: ByteStream
  readonly inbox: Inbox
  readonly outbox = new Outbox()
  /** Answers that a verb has given out already. */
  readonly taken = new Set<ReceivedFrame | ReceivedMessage>()
  /** Opens a connection like this one that is left idle; null where nobody has told how. */
  silent: (() => Promise<Idle>) | null = null
  /** The connection had ended when something was sent last. */
  sentTooLate = false
  /** Reads along what is sent: an answer must not land inside a frame that a check has left unfinished. */
  readonly #sent = new FrameDecoder()
  #unfinishable = false
  readonly #owed: Uint8Array[] = []
  #sentClose = false
  #sentCloseFirst = false

  /** `deflate`: null where permessage-deflate was not accepted. */
  constructor(context: SessionContext, stream: ByteStream, deflate: DeflateTerms | null) {
    this.context = context
    this.stream = stream
    const inflater =
      deflate === null
        ? null
        : new Inflater(!deflate.serverNoContextTakeover, inflateCeiling, deflate.serverMaxWindowBits)
    this.inbox = new Inbox(context, inflater, (frame) => this.#react(frame))
  }

  get ending(): Ending | null {
    const { close } = this.inbox
    if (close === null) return this.stream.ending
    return { by: this.#sentCloseFirst ? 'harness' : 'target', how: 'close-frame', code: close.code }
  }

  // --- Sending ---------------------------------------------------------------------------------------------------

  send(frames: readonly FrameToSend[], segments?: Segments): void {
    const wires = frames.map((frame) => ({ frame, ...toWire(frame) }))
    for (const { frame, opcode, payload, bytes } of wires) {
      const { fin = true, rsv = 0, mask } = frame
      const note = frameNote({ opcode, payload, fin, rsv, masked: mask !== false })
      this.#record(mask === false ? `${note}, unmasked` : note, bytes)
      this.outbox.note(opcode, payload, this.stream.now())
      if (opcode === opcodes.close) this.#closing()
    }
    this.#write(Uint8Array.from(Buffer.concat(wires.map(({ bytes }) => bytes))), segments)
  }

  sendBytes(bytes: Uint8Array, segments?: Segments): void {
    this.context.transcript.add('harness', 'bytes', `${bytes.length} bytes`, bytes)
    const asked = this.stream.now()
    for (const { opcode, payload } of this.#write(bytes, segments)) this.outbox.note(opcode, payload, asked)
  }

  /** Gives the frames that became whole by these bytes. */
  #write(
    bytes: Uint8Array,
    segments?: Segments,
  ): readonly { readonly opcode: number; readonly payload: Uint8Array }[] {
    this.sentTooLate = this.over
    this.stream.write(bytes, segments)
    const { frames, oversize } = this.#sent.push(bytes)
    this.#unfinishable ||= oversize !== null
    if (this.#atBoundary) for (const answer of this.#owed.splice(0)) this.stream.write(answer)
    return frames
  }

  get #atBoundary(): boolean {
    return !this.#unfinishable && this.#sent.pending === 0
  }

  #closing(): void {
    if (this.#sentClose) return
    this.#sentClose = true
    this.#sentCloseFirst = this.inbox.close === null
  }

  /** What every endpoint owes: a Pong to a Ping, a Close to the first Close (RFC 6455 5.5.1, 5.5.2). */
  #react(frame: ReceivedFrame): void {
    if (this.#sentClose) return
    if (frame.opcode === opcodes.ping) this.#answer({ opcode: 'pong', payload: frame.payload.slice(0, 125) })
    if (frame.opcode !== opcodes.close) return
    const { code } = readCloseBody(frame.payload)
    this.#answer({ opcode: 'close', payload: closeBody(code !== null && sendable(code) ? code : null) })
  }

  #answer(frame: FrameToSend): void {
    const { opcode, payload, bytes } = toWire(frame)
    if (opcode === opcodes.close) this.#closing()
    this.#record(`${frameNote({ opcode, payload, fin: true, rsv: 0, masked: true })} (in answer)`, bytes)
    if (this.#atBoundary) this.stream.write(bytes)
    else if (this.#owed.length < mostOwed) this.#owed.push(bytes)
  }

  #record(note: string, bytes: Uint8Array): void {
    this.context.transcript.add('harness', 'frame', note, this.inbox.discreet ? undefined : bytes)
  }

  // --- Waiting ---------------------------------------------------------------------------------------------------

  /** The Close frame came, or the end of TCP: no answer can come any more. */
  get over(): boolean {
    return this.inbox.close !== null || this.stream.remoteEnding !== null || this.inbox.stopped !== null
  }

  /** What the probe gives; null when the wait is over: by its limit, or because nothing can come any more. */
  async wait<T>(probe: () => T | undefined, limit: number): Promise<T | null> {
    const dead = (): boolean => this.stream.remoteEnding !== null || this.inbox.stopped !== null
    const within = limit * (this.stream.route.patience ?? 1)
    const found = await this.stream.watch.until(() => probe() ?? (dead() ? null : undefined), within)
    return found ?? null
  }

  /**
   * Nothing came of what was expected: that is no violation where the link is the cause, or a policy of the target
   * about connections on which nothing happens.
   */
  async miss(expected: string, actual: string | null = null): Promise<never> {
    this.context.judged(this.ending)
    if (this.stream.route.severs && this.inbox.close === null) {
      if (this.stream.remoteEnding === null) this.stream.gaveUp()
      throw new Severed(`the link did not bring ${expected}`)
    }
    const parts = [actual, this.state()].filter((part) => part !== null)
    const came = this.inbox.unfinished ? 'bytes that make no whole frame' : 'nothing of the kind came'
    this.inbox.end()
    return await this.fall(new Violation(expected, parts.join('; ') || came))
  }

  /** Throws the violation, unless the target ended the connection as it would have ended any idle one. */
  async fall(violation: Violation): Promise<never> {
    throw (await this.#policy()) ?? violation
  }

  async #policy(): Promise<Inconclusive | null> {
    const { stream, inbox, silent, context } = this
    const isEnded = inbox.close !== null || stream.remoteEnding?.by === 'target'
    if (!isEnded || silent === null) return null
    const policy = await endedByPolicy(context, 'connections', stream.now(), silent)
    context.judged(this.ending)
    return policy
  }

  /** The target answered: what was sent up to here cannot be held against it any more. */
  proof<T extends ReceivedFrame | ReceivedMessage>(found: T, kind: 'ping' | 'data', payload: Uint8Array): T {
    this.taken.add(found)
    const asked = this.outbox.askedAt(kind, payload)
    if (asked !== null) this.stream.answered(asked)
    this.outbox.proven()
    return found
  }

  /** How the connection ended, in stable words; null while it stands. */
  state(): string | null {
    const { close, stopped } = this.inbox
    if (stopped !== null) return stopped
    if (close === null) return endingWords(this.stream.remoteEnding)
    return `the target sent a Close frame ${close.code === null ? 'without a code' : `with code ${close.code}`}`
  }
}

/** Answers that are held back while a check has a frame unfinished; a target needs no more of them. */
const mostOwed = 100
