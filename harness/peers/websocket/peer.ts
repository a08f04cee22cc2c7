import { Violation } from '#model/errors'
import type { Ending } from '#model/model'
import { closeBody, opcodes } from '#wire/websocket/frames'
import type { DeflateTerms } from '#wire/websocket/deflate'
import type { ConnectionTrace } from '#proxies/types'
import type { SessionContext } from '#peers/session/context'
import type { OpeningStep } from '#peers/session/endpoint'
import type {
  FrameToSend,
  HttpHead,
  ReceivedFrame,
  ReceivedMessage,
  Route,
  Segments,
  WebSocketPeer,
} from '#peers/kit'
import type { ByteStream } from '#peers/net/byte-stream'
import { WebSocketChannel } from './channel.ts'
import { bytesOf, equal, fragmentsOf } from './outbox.ts'

interface PeerParts {
  readonly context: SessionContext
  readonly stream: ByteStream
  readonly response: HttpHead
  /** Null if permessage-deflate was not accepted. */
  readonly deflate: DeflateTerms | null
}

/** An open WebSocket. Tolerates unexpected frames; answers the target's Pings and its Close frame by itself. */
export class RawWebSocket implements WebSocketPeer {
  readonly response: HttpHead
  readonly #context: SessionContext
  readonly #channel: WebSocketChannel

  constructor({ context, stream, response, deflate }: PeerParts) {
    this.response = response
    this.#context = context
    this.#channel = new WebSocketChannel(context, stream, deflate)
  }

  get route(): Route {
    return this.#channel.stream.route
  }

  get frames(): readonly ReceivedFrame[] {
    return this.#channel.inbox.frames
  }

  get messages(): readonly ReceivedMessage[] {
    return this.#channel.inbox.messages
  }

  get trace(): ConnectionTrace {
    return this.#channel.stream.trace
  }

  get ending(): Ending | null {
    return this.#channel.ending
  }

  /** Bytes after the head of the handshake's answer. */
  received(bytes: Uint8Array): void {
    this.#channel.inbox.push(bytes)
  }

  /** The stream has ended. */
  ended(): void {
    this.#channel.inbox.end()
  }

  /** How to open a connection like this one to be left idle: see `endedByPolicy`. */
  set openIdleControl(open: () => Promise<RawWebSocket>) {
    this.#channel.openIdleControl = async () => {
      const idle = await open()
      const { stream, inbox } = idle.#channel
      return { stream, isEnded: () => inbox.close !== null || stream.remoteEnding !== null }
    }
  }

  /** Leaves payloads out of the transcript, in both directions. */
  set hidesPayloads(on: boolean) {
    this.#channel.inbox.hidesPayloads = on
  }

  // --- Sending ---------------------------------------------------------------------------------------------------

  send(frames: FrameToSend | readonly FrameToSend[], segments?: Segments): void {
    this.#channel.send([frames].flat(), segments)
  }

  sendBytes(bytes: Uint8Array, segments?: Segments): void {
    this.#channel.sendBytes(bytes, segments)
  }

  sendMessage(type: 'text' | 'binary', payload: Uint8Array | string, fragments = 1): void {
    const whole = bytesOf(payload)
    const { outbox, stream } = this.#channel
    if (fragments > 1) outbox.note(opcodes[type], whole, stream.now())
    this.send(fragmentsOf(type, whole, fragments))
  }

  sendDeflated(type: 'text' | 'binary', deflated: Uint8Array, fragments = 1): void {
    const { outbox, stream } = this.#channel
    outbox.noteDeflated(deflated, stream.now())
    this.send(fragmentsOf(type, deflated, fragments, 4))
  }

  sendClose(code?: number, reason: Uint8Array | string = ''): void {
    this.send({ opcode: 'close', payload: closeBody(code ?? null, bytesOf(reason)) })
  }

  finish(): void {
    this.#channel.stream.finish()
  }

  reset(): void {
    this.#channel.stream.reset()
  }

  /** A step of the contract's opening exchange: a message to send, or to wait for. */
  async openingStep(step: OpeningStep): Promise<void> {
    if ('send' in step) {
      this.sendMessage('text', step.send)
      return
    }
    const matches = (message: ReceivedMessage): boolean =>
      !this.#channel.consumed.has(message) && (message.text ?? '').includes(step.expect)
    const found = await this.#channel.wait(() => this.messages.find(matches), this.#context.limits.reply)
    if (found === null)
      return await this.#channel.failExpectation("the message of the contract's opening exchange")
    this.#channel.consumed.add(found)
    this.#channel.outbox.markAcknowledged()
  }

  // --- Expecting -------------------------------------------------------------------------------------------------

  async expectPong(payload: Uint8Array | string = this.#context.nonce()): Promise<ReceivedFrame> {
    this.send({ opcode: 'ping', payload })
    return this.expectPongOf(payload)
  }

  async expectPongOf(payload: Uint8Array | string): Promise<ReceivedFrame> {
    const wanted = bytesOf(payload)
    const probe = (): ReceivedFrame | undefined =>
      this.frames.find(
        (frame) =>
          frame.opcode === opcodes.pong && equal(frame.payload, wanted) && !this.#channel.consumed.has(frame),
      )
    const found = await this.#channel.wait(probe, this.#context.limits.reply)
    if (found === null)
      return await this.#channel.failExpectation('a Pong with the payload of the Ping', this.#pongsInstead())
    return this.#channel.acknowledge(found, 'ping', wanted)
  }

  async expectMessage(type: 'text' | 'binary', payload: Uint8Array | string): Promise<ReceivedMessage> {
    const wanted = bytesOf(payload)
    const before = this.messages.length
    const fresh = (message: ReceivedMessage): boolean => !this.#channel.consumed.has(message)
    const same = (message: ReceivedMessage): boolean => fresh(message) && equal(message.payload, wanted)
    const probe = (): ReceivedMessage | undefined =>
      this.messages.find((message) => message.type === type && same(message))
    // A large message needs time to travel both ways: a second for each MiB.
    const limit = this.#context.limits.reply + this.#context.scaled(wanted.length / 1024)
    const found = await this.#channel.wait(probe, limit)
    if (found === null) {
      const other = this.messages.find(same)
      const actual =
        other === undefined
          ? this.messages.slice(before).some(fresh)
            ? 'only other messages'
            : null
          : `the payload in a ${other.type} message`
      return await this.#channel.failExpectation(
        `a ${type} message with this payload of ${wanted.length} bytes`,
        actual,
      )
    }
    return this.#channel.acknowledge(found, 'data', wanted)
  }

  async expectEcho(
    type: 'text' | 'binary',
    payload: Uint8Array | string,
    fragments?: number,
  ): Promise<ReceivedMessage> {
    this.sendMessage(type, payload, fragments)
    return this.expectMessage(type, payload)
  }

  async expectTexts(parts: readonly string[]): Promise<readonly string[]> {
    const received = (): string =>
      this.messages.flatMap(({ type, text }) => (type === 'text' ? [text ?? ''] : [])).join('\n')
    const whole = (): string | undefined => {
      const text = received()
      return parts.every((part) => text.includes(part)) ? text : undefined
    }
    const text = await this.#channel.wait(whole, this.#context.limits.reply)
    if (text === null) return await this.#channel.failExpectation('all of the messages, in text messages')
    this.#channel.outbox.markAcknowledged()
    return parts.toSorted((first, second) => text.indexOf(first) - text.indexOf(second))
  }

  async expectEchoOrLimit(type: 'text' | 'binary', payload: Uint8Array | string): Promise<void> {
    const wanted = bytesOf(payload)
    this.sendMessage(type, wanted)
    const isEchoed = (): boolean =>
      this.messages.some((message) => message.type === type && equal(message.payload, wanted))
    const tooBig = (): boolean => this.#channel.inbox.close?.code === 1009
    await this.#channel.wait(() => (isEchoed() || tooBig() ? true : undefined), this.#context.limits.reply)
    if (tooBig()) this.#context.judged(this.ending)
    else await this.expectMessage(type, wanted)
  }

  async expectNone(what: string, match: (frame: ReceivedFrame) => boolean): Promise<void> {
    await this.expectPong()
    if (this.frames.some(match)) throw new Violation(`no ${what}`, 'one was received')
  }

  async expectFailed(): Promise<Ending> {
    const ending = await this.#failure('the connection to be failed (a Close frame, or the end of TCP)')
    this.#context.judged(ending)
    return ending
  }

  async expectFailedWith(...codes: readonly number[]): Promise<Ending> {
    const expected = `the connection to be failed by a Close frame with code ${codes.join(' or ')}`
    const ending = await this.#failure(expected)
    this.#context.judged(ending)
    if (ending.how === 'close-frame' && ending.code !== null && codes.includes(ending.code)) return ending
    throw new Violation(expected, this.#channel.state() ?? 'it stayed open')
  }

  async expectClose(): Promise<{ readonly code: number | null; readonly reason: Uint8Array }> {
    const close = await this.#channel.wait(
      () => this.#channel.inbox.close ?? undefined,
      this.#context.limits.end,
    )
    if (close === null) return await this.#channel.failExpectation('a Close frame')
    this.#context.judged(this.ending)
    return { code: close.code, reason: close.reason }
  }

  async expectEnd(): Promise<Ending> {
    const remote = await this.#channel.wait(
      () => this.#channel.stream.remoteEnding ?? undefined,
      this.#context.limits.end,
    )
    this.#context.judged(this.ending)
    if (remote === null || remote.by === 'proxy')
      return await this.#channel.failExpectation('the target to end the TCP connection')
    return { ...remote, code: this.#channel.inbox.close?.code ?? null }
  }

  async close(code = 1000, reason = ''): Promise<void> {
    this.sendClose(code, reason)
    await this.expectClose()
    // Checks of section 7.1.1 judge which side ends TCP, and when.
    await this.#channel.stream.watch.until(
      () => this.#channel.stream.remoteEnding ?? undefined,
      this.#context.limits.end,
    )
    this.#channel.stream.finish()
  }

  async #failure(expected: string): Promise<Ending> {
    if (this.#channel.sentTooLate) {
      const actual = `the connection had ended before: ${this.#channel.state() ?? 'the harness ended it'}`
      return await this.#channel.failUnlessIdlePolicy(new Violation(expected, actual))
    }
    const processed = (): string | null => {
      const { close } = this.#channel.inbox
      const frames = close === null ? this.frames : this.frames.slice(0, close.framesBefore)
      const messages = close === null ? this.messages : this.messages.slice(0, close.messagesBefore)
      return this.#channel.outbox.processed(frames, messages)
    }
    const probe = (): Ending | string | undefined =>
      processed() ??
      (this.#channel.inbox.close === null
        ? (this.#channel.stream.remoteEnding ?? undefined)
        : (this.ending ?? undefined))
    const found = await this.#channel.wait(probe, this.#context.limits.end)
    if (typeof found === 'string') throw new Violation(expected, found)
    if (found === null || found.by === 'proxy')
      return await this.#channel.failExpectation(
        expected,
        this.#channel.state() === null ? 'it stayed open' : null,
      )
    return found
  }

  #pongsInstead(): string | null {
    return this.frames.some((frame) => frame.opcode === opcodes.pong && !this.#channel.consumed.has(frame))
      ? 'only Pongs with another payload'
      : null
  }
}
