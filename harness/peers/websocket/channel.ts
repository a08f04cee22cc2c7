import { Violation } from '#model/errors'
import type { Inconclusive } from '#model/errors'
import type { Ending } from '#model/model'
import { Inflater, inflateCeiling } from '#wire/websocket/deflate'
import type { DeflateTerms } from '#wire/websocket/deflate'
import { FrameDecoder, closeBody, opcodes, readCloseBody } from '#wire/websocket/frames'
import type { SessionContext } from '#peers/session/context'
import { endedByPolicy } from '#peers/net/idle-control'
import type { IdleControl } from '#peers/net/idle-control'
import type { FrameToSend, ReceivedFrame, ReceivedMessage, Segments } from '#peers/kit'
import { Severed } from '#peers/faults/severed'
import type { ByteStream } from '#peers/net/byte-stream'
import { Inbox, frameNote } from './inbox.ts'
import { Outbox, toWire } from './outbox.ts'
import { endingWords, isSendable } from './words.ts'

/**
 * One WebSocket: its stream, what was received, and what was sent. Answers Pings and the first Close frame by itself, as
 * every endpoint must.
 */
export class WebSocketChannel {
  readonly context: SessionContext
  readonly stream: ByteStream
  readonly inbox: Inbox
  readonly outbox = new Outbox()
  /** Frames and messages that a verb has returned already. */
  readonly consumed = new Set<ReceivedFrame | ReceivedMessage>()
  /** Opens a connection like this one to be left idle (see `endedByPolicy`); null if none can be opened. */
  openIdleControl: (() => Promise<IdleControl>) | null = null
  /** The connection had ended when the last bytes were sent. */
  sentTooLate = false
  /** Decodes what is sent: an automatic answer must not be written inside a frame that a check has left unfinished. */
  readonly #sent = new FrameDecoder()
  #unfinishable = false
  readonly #pendingAnswers: Uint8Array[] = []
  #sentClose = false
  #sentCloseFirst = false

  /** `deflate`: null if permessage-deflate was not accepted. */
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

  /** Returns the frames that these bytes complete. */
  #write(
    bytes: Uint8Array,
    segments?: Segments,
  ): readonly { readonly opcode: number; readonly payload: Uint8Array }[] {
    this.sentTooLate = this.over
    this.stream.write(bytes, segments)
    const { frames, oversize } = this.#sent.push(bytes)
    this.#unfinishable ||= oversize !== null
    if (this.#atBoundary) for (const answer of this.#pendingAnswers.splice(0)) this.stream.write(answer)
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

  /** Answers a Ping with a Pong, and the first Close with a Close (RFC 6455 5.5.1, 5.5.2). */
  #react(frame: ReceivedFrame): void {
    if (this.#sentClose) return
    if (frame.opcode === opcodes.ping) this.#answer({ opcode: 'pong', payload: frame.payload.slice(0, 125) })
    if (frame.opcode !== opcodes.close) return
    const { code } = readCloseBody(frame.payload)
    this.#answer({ opcode: 'close', payload: closeBody(code !== null && isSendable(code) ? code : null) })
  }

  #answer(frame: FrameToSend): void {
    const { opcode, payload, bytes } = toWire(frame)
    if (opcode === opcodes.close) this.#closing()
    this.#record(`${frameNote({ opcode, payload, fin: true, rsv: 0, masked: true })} (in answer)`, bytes)
    if (this.#atBoundary) this.stream.write(bytes)
    else if (this.#pendingAnswers.length < maxPendingAnswers) this.#pendingAnswers.push(bytes)
  }

  #record(note: string, bytes: Uint8Array): void {
    this.context.transcript.add('harness', 'frame', note, this.inbox.hidesPayloads ? undefined : bytes)
  }

  // --- Waiting ---------------------------------------------------------------------------------------------------

  /** The target sent its Close frame or ended the stream: it can send no further answer. */
  get over(): boolean {
    return this.inbox.close !== null || this.stream.remoteEnding !== null || this.inbox.stopped !== null
  }

  /** What the probe returns; null when the time is over, or when the stream has ended. */
  async wait<T>(probe: () => T | undefined, limit: number): Promise<T | null> {
    const isOver = (): boolean => this.stream.remoteEnding !== null || this.inbox.stopped !== null
    const within = limit * (this.stream.route.patience ?? 1)
    const found = await this.stream.watch.until(() => probe() ?? (isOver() ? null : undefined), within)
    return found ?? null
  }

  /**
   * The expected answer did not arrive: a violation, unless a fault or an idle policy of the target explains it.
   *
   * @param actual what was received instead; null: how the connection ended.
   */
  async failExpectation(expected: string, actual: string | null = null): Promise<never> {
    this.context.judged(this.ending)
    if (this.stream.route.severs && this.inbox.close === null) {
      if (this.stream.remoteEnding === null) this.stream.gaveUp()
      throw new Severed(`the proxy did not deliver ${expected}`)
    }
    const parts = [actual, this.state()].filter((part) => part !== null)
    const received = this.inbox.hasIncompleteFrame ? 'only an incomplete frame' : 'nothing in time'
    this.inbox.end()
    return await this.failUnlessIdlePolicy(new Violation(expected, parts.join('; ') || received))
  }

  /** Throws the violation; or Inconclusive if the target ended the connection as it ends any idle one. */
  async failUnlessIdlePolicy(violation: Violation): Promise<never> {
    throw (await this.#policy()) ?? violation
  }

  async #policy(): Promise<Inconclusive | null> {
    const { stream, inbox, openIdleControl, context } = this
    const isEnded = inbox.close !== null || stream.remoteEnding?.by === 'target'
    if (!isEnded || openIdleControl === null) return null
    const policy = await endedByPolicy(context, 'connections', stream.now(), openIdleControl)
    context.judged(this.ending)
    return policy
  }

  /** A verb returns this answer: it is consumed, and all that was sent so far is acknowledged. */
  acknowledge<T extends ReceivedFrame | ReceivedMessage>(
    found: T,
    kind: 'ping' | 'data',
    payload: Uint8Array,
  ): T {
    this.consumed.add(found)
    const asked = this.outbox.askedAt(kind, payload)
    if (asked !== null) this.stream.answered(asked)
    this.outbox.markAcknowledged()
    return found
  }

  /** How the connection ended, in constant words; null while it is open. */
  state(): string | null {
    const { close, stopped } = this.inbox
    if (stopped !== null) return stopped
    if (close === null) return endingWords(this.stream.remoteEnding)
    return `the target sent a Close frame ${close.code === null ? 'without a code' : `with code ${close.code}`}`
  }
}

/** Answers kept while a check has a frame unfinished; further ones are dropped. */
const maxPendingAnswers = 100
