import { Violation } from '../check/errors.ts'
import type { Ending } from '../check/model.ts'
import { closeBody, opcodes, readCloseBody } from '../wire/frames.ts'
import { Inflater, inflateCeiling } from '../wire/deflate.ts'
import type { DeflateTerms } from '../wire/deflate.ts'
import type { LinkTrace } from '../../proxies/types.ts'
import type { SessionContext } from './context.ts'
import type { OpeningStep } from './endpoint.ts'
import type {
  FrameToSend,
  HttpHead,
  ReceivedFrame,
  ReceivedMessage,
  Route,
  Segments,
  WebSocketPeer,
} from './kit.ts'
import { Severed } from './severed.ts'
import type { PeerSocket } from './socket-types.ts'
import { Inbox, frameNote } from './websocket-inbox.ts'
import { Outbox, bytesOf, equal, fragmentsOf, toWire } from './websocket-outbox.ts'

export interface PeerParts {
  readonly context: SessionContext
  readonly socket: PeerSocket
  readonly response: HttpHead
  /** Null where permessage-deflate was not accepted. */
  readonly deflate: DeflateTerms | null
}

/** An open WebSocket. Bears whatever it did not ask for; answers the target's Pings and its Close frame by itself. */
export class RawWebSocket implements WebSocketPeer {
  readonly response: HttpHead
  readonly #context: SessionContext
  readonly #socket: PeerSocket
  readonly #inbox: Inbox
  readonly #outbox = new Outbox()
  /** Answers that a verb has given out already. */
  readonly #taken = new Set<ReceivedFrame | ReceivedMessage>()
  #sentClose = false
  #sentCloseFirst = false
  /** The connection had ended when something was sent last. */
  #sentTooLate = false

  constructor({ context, socket, response, deflate }: PeerParts) {
    this.response = response
    this.#context = context
    this.#socket = socket
    const inflater =
      deflate === null
        ? null
        : new Inflater(!deflate.serverNoContextTakeover, inflateCeiling, deflate.serverMaxWindowBits)
    this.#inbox = new Inbox(context, inflater, (frame) => this.#react(frame))
  }

  get route(): Route {
    return this.#socket.route
  }

  get frames(): readonly ReceivedFrame[] {
    return this.#inbox.frames
  }

  get messages(): readonly ReceivedMessage[] {
    return this.#inbox.messages
  }

  get trace(): LinkTrace {
    return this.#socket.trace
  }

  get ending(): Ending | null {
    const { close } = this.#inbox
    if (close !== null)
      return { by: this.#sentCloseFirst ? 'us' : 'target', how: 'close-frame', code: close.code }
    return this.#socket.ending
  }

  /** Bytes behind the head of the handshake's answer. */
  received(bytes: Uint8Array): void {
    this.#inbox.push(bytes)
  }

  /** All bytes have come. */
  ended(): void {
    this.#inbox.end()
  }

  /** Leaves payloads out of the transcript, both ways. */
  set discreet(on: boolean) {
    this.#inbox.discreet = on
  }

  // --- Sending ---------------------------------------------------------------------------------------------------

  send(frames: FrameToSend | readonly FrameToSend[], segments?: Segments): void {
    const wires = [frames].flat().map((frame) => ({ frame, ...toWire(frame) }))
    for (const { frame, opcode, payload, bytes } of wires) {
      const received = {
        opcode,
        payload,
        fin: frame.fin ?? true,
        rsv: frame.rsv ?? 0,
        masked: frame.mask !== false,
      }
      const unmasked = frame.mask === false ? ', unmasked' : ''
      this.#context.transcript.add(
        'us',
        'frame',
        frameNote(received) + unmasked,
        this.#inbox.discreet ? undefined : bytes,
      )
      this.#outbox.note(opcode, payload, this.#socket.now())
      if (opcode === opcodes.close) this.#closing()
    }
    this.#write(Uint8Array.from(Buffer.concat(wires.map(({ bytes }) => bytes))), segments)
  }

  sendBytes(bytes: Uint8Array, segments?: Segments): void {
    this.#context.transcript.add('us', 'bytes', `${bytes.length} bytes`, bytes)
    this.#outbox.noteBytes(bytes, this.#socket.now())
    this.#write(bytes, segments)
  }

  sendMessage(type: 'text' | 'binary', payload: Uint8Array | string, fragments = 1): void {
    const whole = bytesOf(payload)
    if (fragments > 1) this.#outbox.note(opcodes[type], whole, this.#socket.now())
    this.send(fragmentsOf(type, whole, fragments))
  }

  sendDeflated(type: 'text' | 'binary', deflated: Uint8Array, fragments = 1): void {
    this.#outbox.noteDeflated(deflated, this.#socket.now())
    this.send(fragmentsOf(type, deflated, fragments, 4))
  }

  sendClose(code?: number, reason: Uint8Array | string = ''): void {
    this.send({ opcode: 'close', payload: closeBody(code ?? null, bytesOf(reason)) })
  }

  finish(): void {
    this.#socket.finish()
  }

  reset(): void {
    this.#socket.reset()
  }

  #write(bytes: Uint8Array, segments?: Segments): void {
    this.#sentTooLate = this.#over
    this.#socket.write(bytes, segments)
  }

  #closing(): void {
    if (this.#sentClose) return
    this.#sentClose = true
    this.#sentCloseFirst = this.#inbox.close === null
  }

  /** What every endpoint owes: a Pong to a Ping, a Close to the first Close (RFC 6455 5.5.1, 5.5.2). */
  #react(frame: ReceivedFrame): void {
    if (frame.opcode === opcodes.ping && !this.#sentClose) {
      this.#answer({ opcode: 'pong', payload: frame.payload.slice(0, 125) })
    }
    if (frame.opcode === opcodes.close && !this.#sentClose) {
      const { code } = readCloseBody(frame.payload)
      this.#answer({ opcode: 'close', payload: closeBody(code !== null && sendable(code) ? code : null) })
    }
  }

  #answer(frame: FrameToSend): void {
    const { opcode, payload, bytes } = toWire(frame)
    const note = frameNote({ opcode, payload, fin: true, rsv: 0, masked: true })
    this.#context.transcript.add('us', 'frame', `${note} (in answer)`, bytes)
    if (opcode === opcodes.close) this.#closing()
    this.#socket.write(bytes)
  }

  /** A step of the contract's opening exchange: a message to send, or to wait for. */
  async openingStep(step: OpeningStep): Promise<void> {
    if ('send' in step) {
      this.sendMessage('text', step.send)
      return
    }
    const matches = (one: ReceivedMessage): boolean =>
      !this.#taken.has(one) && (one.text ?? '').includes(step.expect)
    const found = await this.#wait(() => this.messages.find(matches), this.#context.limits.reply)
    if (found === null) this.#miss("the message of the contract's opening exchange")
    this.#taken.add(found)
    this.#outbox.proven()
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
        (frame) => frame.opcode === opcodes.pong && equal(frame.payload, wanted) && !this.#taken.has(frame),
      )
    const found = await this.#wait(probe, this.#context.limits.reply)
    if (found === null) this.#miss('a Pong with the payload of the Ping', this.#pongsInstead())
    return this.#proof(found, 'ping', wanted)
  }

  async expectMessage(type: 'text' | 'binary', payload: Uint8Array | string): Promise<ReceivedMessage> {
    const wanted = bytesOf(payload)
    const before = this.messages.length
    const fresh = (message: ReceivedMessage): boolean => !this.#taken.has(message)
    const same = (message: ReceivedMessage): boolean => fresh(message) && equal(message.payload, wanted)
    const probe = (): ReceivedMessage | undefined =>
      this.messages.find((one) => one.type === type && same(one))
    // A large message needs time to travel both ways: a second for each MiB.
    const limit = this.#context.limits.reply + this.#context.scaled(wanted.length / 1024)
    const found = await this.#wait(probe, limit)
    if (found === null) {
      const other = this.messages.find(same)
      const actual =
        other === undefined
          ? this.messages.slice(before).some(fresh)
            ? 'only other messages came'
            : null
          : `the payload came as a ${other.type} message`
      this.#miss(`a ${type} message with this payload of ${wanted.length} bytes`, actual)
    }
    return this.#proof(found, 'data', wanted)
  }

  async expectEcho(
    type: 'text' | 'binary',
    payload: Uint8Array | string,
    fragments?: number,
  ): Promise<ReceivedMessage> {
    this.sendMessage(type, payload, fragments)
    return this.expectMessage(type, payload)
  }

  async expectEchoOrLimit(type: 'text' | 'binary', payload: Uint8Array | string): Promise<void> {
    const wanted = bytesOf(payload)
    this.sendMessage(type, wanted)
    const came = (): boolean => this.messages.some((one) => one.type === type && equal(one.payload, wanted))
    const tooBig = (): boolean => this.#inbox.close?.code === 1009
    await this.#wait(() => (came() || tooBig() ? true : undefined), this.#context.limits.reply)
    if (tooBig()) this.#context.judged(this.ending)
    else await this.expectMessage(type, wanted)
  }

  async expectNone(what: string, match: (frame: ReceivedFrame) => boolean): Promise<void> {
    await this.expectPong()
    if (this.frames.some(match)) throw new Violation(`no ${what}`, `${what} came`)
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
    throw new Violation(expected, this.#state() ?? 'it stayed open')
  }

  async expectClose(): Promise<{ readonly code: number | null; readonly reason: Uint8Array }> {
    const close = await this.#wait(() => this.#inbox.close ?? undefined, this.#context.limits.end)
    if (close === null) this.#miss('a Close frame')
    this.#context.judged(this.ending)
    return { code: close.code, reason: close.reason }
  }

  async expectEnd(): Promise<Ending> {
    const remote = await this.#wait(() => this.#socket.remoteEnding ?? undefined, this.#context.limits.end)
    this.#context.judged(this.ending)
    if (remote === null || remote.by === 'link') this.#miss('the target to end the TCP connection')
    return { ...remote, code: this.#inbox.close?.code ?? null }
  }

  async close(code = 1000, reason = ''): Promise<void> {
    this.sendClose(code, reason)
    await this.expectClose()
    // Who ends TCP, and when, is the business of checks of section 7.1.1; here it only ends politely.
    await this.#socket.watch.until(() => this.#socket.remoteEnding ?? undefined, this.#context.limits.end)
    this.#socket.finish()
  }

  /** The Close frame came, or the end of TCP: no answer can come any more. */
  get #over(): boolean {
    return this.#inbox.close !== null || this.#socket.remoteEnding !== null || this.#inbox.stopped !== null
  }

  /** What the probe gives; null when the wait is over: by its limit, or because nothing can come any more. */
  async #wait<T>(probe: () => T | undefined, limit: number): Promise<T | null> {
    const dead = (): boolean => this.#socket.remoteEnding !== null || this.#inbox.stopped !== null
    const within = limit * (this.route.patience ?? 1)
    const found = await this.#socket.watch.until(() => probe() ?? (dead() ? null : undefined), within)
    return found ?? null
  }

  /** Nothing came of what was expected: that is no violation where the link is the cause. */
  #miss(expected: string, actual: string | null = null): never {
    this.#context.judged(this.ending)
    if (this.route.severs && this.#inbox.close === null) {
      if (this.#socket.remoteEnding === null) this.#socket.gaveUp()
      throw new Severed(`the link did not bring ${expected}`)
    }
    const state = this.#state()
    throw new Violation(
      expected,
      [actual, state].filter((part) => part !== null).join('; ') || 'nothing of the kind came',
    )
  }

  #proof<T extends ReceivedFrame | ReceivedMessage>(found: T, kind: 'ping' | 'data', payload: Uint8Array): T {
    this.#taken.add(found)
    const asked = this.#outbox.askedAt(kind, payload)
    if (asked !== null) this.#socket.answered(asked)
    this.#outbox.proven()
    return found
  }

  async #failure(expected: string): Promise<Ending> {
    if (this.#sentTooLate) throw new Violation(expected, `it had ended before: ${this.#state() ?? 'by us'}`)
    const processed = (): string | null => {
      const { close } = this.#inbox
      const frames = close === null ? this.frames : this.frames.slice(0, close.framesBefore)
      const messages = close === null ? this.messages : this.messages.slice(0, close.messagesBefore)
      return this.#outbox.processed(frames, messages)
    }
    const probe = (): Ending | string | undefined =>
      processed() ??
      (this.#inbox.close === null ? (this.#socket.remoteEnding ?? undefined) : (this.ending ?? undefined))
    const found = await this.#wait(probe, this.#context.limits.end)
    if (typeof found === 'string') throw new Violation(expected, found)
    if (found === null || found.by === 'link')
      this.#miss(expected, this.#state() === null ? 'it stayed open' : null)
    return found
  }

  #pongsInstead(): string | null {
    return this.frames.some((frame) => frame.opcode === opcodes.pong && !this.#taken.has(frame))
      ? 'only Pongs with another payload came'
      : null
  }

  /** How the connection ended, in stable words; null while it stands. */
  #state(): string | null {
    const { close, stopped } = this.#inbox
    if (stopped !== null) return stopped
    if (close !== null)
      return `the target sent a Close frame ${close.code === null ? 'without a code' : `with code ${close.code}`}`
    return endingWords(this.#socket.remoteEnding)
  }
}

const words = {
  fin: 'TCP FIN',
  rst: 'TCP RST',
  timeout: 'silence of its TCP',
  'close-frame': 'a Close frame',
} as const

/** `the target ended the connection (TCP FIN, without a Close frame)`. */
export function endingWords(ending: Ending | null): string | null {
  if (ending === null) return null
  return `the ${ending.by === 'link' ? 'link' : 'target'} ended the connection (${words[ending.how]}, without a Close frame)`
}

/** Codes that may stand in a Close frame (RFC 6455 7.4). */
function sendable(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  )
}
