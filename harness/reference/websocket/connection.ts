import type { Socket } from 'node:net'
import {
  closeCodeFor,
  closeViolation,
  headerViolations,
  overStrictViolation,
  rejectsValidClose,
} from './frame-violations.ts'
import { PerMessageDeflate } from './deflate.ts'
import { FrameSender } from './frame-sender.ts'
import { FrameReader, opcodes } from './frames.ts'
import type { FrameHeader } from './frames.ts'
import { MessageAssembly, unmaskedPiece } from './message-assembly.ts'
import { KeepAlive } from './keep-alive.ts'
import type { DeflateAgreement, FrameViolation, Message, WebSocketRules } from './rules.ts'
import type { WebSocketService } from './service.ts'

/** Interval between two messages of the pushing variant, in ms. */
const pushIntervalMs = 50

/**
 * Serves frames on a socket after its handshake; `accepted` holds the bytes that arrived after the request head.
 * `ended` is called when the socket closes, with whether the server had sent a Close frame.
 */
export function serveFrames(
  accepted: { readonly socket: Socket; readonly rest: Buffer; readonly ended: boolean },
  service: WebSocketService,
  agreement: DeflateAgreement | null,
  ended: (how: 'closed' | 'lost') => void = () => undefined,
): void {
  const { socket } = accepted
  // The rules decide whether the server closes its side when the client closes its own.
  socket.allowHalfOpen = true
  const connection = new Connection(socket, service, agreement)
  socket.on('data', (chunk: Buffer) => connection.receive(chunk))
  socket.on('drain', () => socket.resume())
  socket.once('end', () => connection.peerEnded())
  socket.once('close', () => ended(connection.sentClose ? 'closed' : 'lost'))
  connection.open()
  if (accepted.rest.length > 0) connection.receive(accepted.rest)
  if (accepted.ended) connection.peerEnded()
  socket.resume()
}

class Connection {
  readonly #socket: Socket
  readonly #rules: WebSocketRules
  readonly #service: WebSocketService
  readonly #reader = new FrameReader()
  readonly #deflate: PerMessageDeflate | null
  readonly #sender: FrameSender
  /** `closing`: a Close frame was received, and the rest of the segment is still read. `over`: nothing more is read. */
  #state: 'open' | 'closing' | 'over' = 'open'
  #sentClose = false
  #header: FrameHeader | null = null
  /** How the payload of the frame that is being read is used. */
  #use: 'control' | 'data' | 'ignore' = 'ignore'
  #control: Buffer[] = []
  #message: MessageAssembly | null = null
  /** Whether a message has been completed. */
  #finished = false
  /** Frames received on the connection, and in the TCP segment that is being read. */
  #frames = 0
  #framesOfSegment = 0
  #pingsOfSegment = 0
  /** Echoes that are sent at the end of the segment, and Pongs that a mutant sends at the end of the message. */
  #echoes: Message[] = []
  #pongs: Buffer[] = []
  /** The violation that a mutant acts on only at the end of the segment. */
  #failure: FrameViolation | null = null
  readonly #keepAlive: KeepAlive

  constructor(socket: Socket, service: WebSocketService, agreement: DeflateAgreement | null) {
    this.#socket = socket
    this.#service = service
    this.#rules = service.rules
    this.#deflate = agreement === null ? null : new PerMessageDeflate(agreement, service.rules)
    this.#sender = new FrameSender(socket, service.rules, this.#deflate)
    this.#keepAlive = new KeepAlive(socket, service.rules, {
      ping: () => this.#sender.send(opcodes.ping, Buffer.from('keep-alive')),
      goAway: () => this.#goAway(),
    })
  }

  get sentClose(): boolean {
    return this.#sentClose
  }

  open(): void {
    if (this.#service.variant !== 'pushing') return
    this.#sender.sendMessage({ type: 'text', payload: Buffer.from('welcome') })
    let count = 0
    const pusher = setInterval(() => {
      if (this.#state !== 'open' || this.#sender.isBacklogged) return
      count += 1
      this.#sender.sendMessage({ type: 'text', payload: Buffer.from(`push ${count}`) })
    }, pushIntervalMs)
    this.#socket.once('close', () => clearInterval(pusher))
  }

  receive(chunk: Buffer): void {
    this.#framesOfSegment = 0
    this.#pingsOfSegment = 0
    for (const part of this.#reader.read(chunk)) {
      if (this.#state === 'over') return
      if (part.kind === 'header') this.#startFrame(part.header)
      else if (part.kind === 'payload') this.#readPayload(part.bytes, part.offset)
      else this.#endFrame()
    }
    this.#keepAlive.received(this.#reader.within)
    this.#endSegment()
  }

  peerEnded(): void {
    if (this.#reader.within && this.#rules.tolerates.includes('truncated-frame')) this.#endFrame()
    if (this.#rules.peerFin === 'end') this.#end()
  }

  #endSegment(): void {
    const echoes = this.#rules.echoOrder === 'reversed' ? this.#echoes.reverse() : this.#echoes
    for (const echo of echoes) this.#sender.sendMessage(echo)
    this.#echoes = []
    if (this.#failure !== null && this.#state === 'open') this.#endAfterFailure(this.#failure)
    if (
      this.#state === 'open' &&
      this.#reader.within &&
      (this.#header?.length ?? 0n) < 126n &&
      this.#rules.rejects.includes('frame-over-segments')
    ) {
      this.#endAfterFailure('truncated-frame')
    }
    if (this.#state === 'closing') this.#endAfterClose()
    if (this.#state === 'open' && this.#frames >= this.#rules.frameQuota) this.#end()
  }

  #startFrame(header: FrameHeader): void {
    const { rejects, tolerates } = this.#rules
    this.#frames += 1
    this.#framesOfSegment += 1
    this.#header = header
    this.#control = []
    this.#use = 'ignore'
    if (this.#state === 'closing' && this.#rules.afterReceivedClose === 'discard') return
    if (this.#framesOfSegment > 1 && rejects.includes('second-frame-of-segment')) return
    const open = this.#message
    const deflate = this.#deflate !== null
    const violations = headerViolations(header, { open, finished: this.#finished, deflate })
    const violation =
      violations.find((found) => !tolerates.includes(found)) ??
      overStrictViolation(header, deflate, this.#rules)
    if (violation !== null) {
      this.#fail(violation)
      return
    }
    if (violations.includes('length-msb')) this.#reader.correctLength(header.length & (2n ** 63n - 1n))
    if (violations.includes('too-big')) return
    if (header.opcode >= opcodes.close) {
      if (header.opcode <= opcodes.pong) this.#use = 'control'
      if (open !== null && rejects.includes('control-in-fragment')) open.dropFragments()
      return
    }
    if (header.opcode > opcodes.binary || (header.opcode === opcodes.continuation && open === null)) return
    this.#use = 'data'
    const type = header.opcode === opcodes.binary ? 'binary' : 'text'
    if (header.opcode !== opcodes.continuation) {
      this.#message = new MessageAssembly(type, (header.rsv & 4) !== 0, this.#rules)
    }
    if (this.#message !== null) this.#message.frames += 1
  }

  #readPayload(bytes: Buffer, offset: number): void {
    if (this.#header === null || this.#use === 'ignore') return
    const piece = unmaskedPiece(this.#header, bytes, offset, this.#rules)
    if (this.#use === 'control') {
      this.#control.push(piece)
      return
    }
    const violation = this.#message?.add(piece) ?? null
    if (violation !== null) this.#fail(violation)
  }

  #endFrame(): void {
    const header = this.#header
    this.#header = null
    if (header === null || this.#use === 'ignore') return
    if (this.#use === 'control') {
      this.#handleControl(header.opcode, Buffer.concat(this.#control))
      return
    }
    const message = this.#message
    if (message === null) return
    if (!header.fin) {
      const violation = message.endFrame()
      if (violation !== null) this.#fail(violation)
      return
    }
    this.#message = null
    this.#finished = true
    const finished = message.finish(this.#deflate)
    if (typeof finished === 'string') this.#fail(finished)
    else this.#handleMessage(finished)
    for (const pong of this.#pongs.splice(0)) this.#sender.send(opcodes.pong, pong)
  }

  #handleMessage(message: Message): void {
    if (this.#state === 'closing' && this.#rules.afterReceivedClose !== 'answer-messages') return
    if (this.#service.variant !== 'echo') return
    const echo = this.#rules.echoOf(message)
    if (echo !== null) this.#echoes.push(echo)
  }

  #handleControl(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.close) this.#handleClose(payload)
    else if (opcode === opcodes.ping) this.#handlePing(payload)
    else if (payload.equals(Buffer.from('keep-alive'))) this.#keepAlive.pongReceived()
    else if (this.#rules.unsolicitedPong === 'answer') this.#sender.send(opcodes.pong, payload)
    else if (this.#rules.unsolicitedPong === 'fail') this.#fail('opcode-control')
  }

  #handlePing(payload: Buffer): void {
    if (this.#state === 'closing' && this.#rules.afterReceivedClose !== 'answer-pings') return
    this.#pingsOfSegment += 1
    if (this.#rules.pings === 'first-of-segment' && this.#pingsOfSegment > 1) return
    const pong = this.#rules.pongTo(payload)
    if (pong === null) return
    // Echoes of earlier messages are sent first.
    for (const echo of this.#echoes.splice(0)) this.#sender.sendMessage(echo)
    if (this.#rules.pings === 'after-message' && this.#message !== null) this.#pongs.push(pong)
    else this.#sender.send(opcodes.pong, pong)
  }

  #handleClose(body: Buffer): void {
    const { rejects, tolerates, afterReceivedClose } = this.#rules
    if (this.#state === 'closing' && afterReceivedClose !== 'answer-closes') return
    if (rejects.includes('close-in-fragment') && this.#message !== null) return
    const violation = closeViolation(body)
    if (violation !== null && !tolerates.includes(violation)) {
      this.#fail(violation)
      return
    }
    if (rejectsValidClose(body, this.#rules)) {
      this.#fail('close-code-undefined')
      return
    }
    for (const echo of this.#echoes.splice(0)) this.#sender.sendMessage(echo)
    const answer = this.#rules.closeAnswer(body)
    if (answer !== null) this.#sender.send(opcodes.close, answer)
    this.#sentClose = true
    this.#state = 'closing'
  }

  /** The client broke a rule (RFC 6455 7.1.7). */
  #fail(violation: FrameViolation): void {
    if (this.#state !== 'open') return
    this.#use = 'ignore'
    if (this.#rules.failure === 'process-rest-of-segment') this.#failure ??= violation
    else this.#endAfterFailure(violation)
  }

  #endAfterFailure(violation: FrameViolation): void {
    for (const echo of this.#echoes.splice(0)) this.#sender.sendMessage(echo)
    const code = Buffer.alloc(2)
    code.writeUInt16BE(this.#rules.failureCode(violation, closeCodeFor(violation)))
    if (this.#rules.failure !== 'end-only' && !this.#sentClose) this.#sender.send(opcodes.close, code)
    this.#sentClose = true
    this.#state = 'over'
    if (this.#rules.failure !== 'close-only') this.#end()
  }

  /** Closes with 1001, going away (RFC 6455 7.4.1): the client broke no rule, the server stops waiting. */
  #goAway(): void {
    if (this.#state !== 'open') return
    this.#sender.send(opcodes.close, Buffer.from([0x03, 0xe9]))
    this.#sentClose = true
    this.#end()
  }

  #endAfterClose(): void {
    this.#state = 'over'
    if (this.#rules.messageAfterClose)
      this.#sender.sendMessage({ type: 'text', payload: Buffer.from('late') })
    if (this.#rules.afterClose === 'end') this.#end()
    if (this.#rules.afterClose === 'reset') this.#sender.reset()
  }

  #end(): void {
    this.#state = 'over'
    this.#sender.close()
  }
}
