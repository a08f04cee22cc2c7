import type { Socket } from 'node:net'
import { closeBreach, codeFor, headerBreaches } from './breaches.ts'
import { PerMessageDeflate } from './deflate.ts'
import { FrameReader, encodeFrame, opcodes } from './frames.ts'
import type { FrameHeader } from './frames.ts'
import { Assembly, plainPiece } from './messages.ts'
import { Pace } from './pace.ts'
import type { DeflateAgreement, FrameBreach, Message, WebSocketRules } from './rules.ts'
import type { WebSocketService } from './service.ts'

/** How long the peer is given to end its side, ms. */
const lingerMs = 1000
const pushEveryMs = 50
/** Octets that may wait to be written before nothing more is read, or pushed. */
const backlog = 1024 * 1024

/** Serves frames on a socket whose handshake is done. Everything here is freed when the socket closes. */
export function serveFrames(
  taken: { readonly socket: Socket; readonly rest: Buffer; readonly ended: boolean },
  service: WebSocketService,
  agreement: DeflateAgreement | null,
  ended: (how: 'closed' | 'lost') => void = () => undefined,
): void {
  const { socket } = taken
  // Whether the end of the peer's side ends ours is a rule here.
  socket.allowHalfOpen = true
  const connection = new Connection(socket, service, agreement)
  socket.on('data', (chunk: Buffer) => connection.receive(chunk))
  socket.on('drain', () => socket.resume())
  socket.once('end', () => connection.peerEnded())
  socket.once('close', () => ended(connection.sentClose ? 'closed' : 'lost'))
  connection.open()
  if (taken.rest.length > 0) connection.receive(taken.rest)
  if (taken.ended) connection.peerEnded()
  socket.resume()
}

class Connection {
  readonly #socket: Socket
  readonly #rules: WebSocketRules
  readonly #service: WebSocketService
  readonly #reader = new FrameReader()
  readonly #deflate: PerMessageDeflate | null
  /** `closing`: a Close came and is answered; what is behind it is nobody's. `over`: nothing is read any more. */
  #state: 'open' | 'closing' | 'over' = 'open'
  #sentClose = false
  #header: FrameHeader | null = null
  /** What becomes of the frame that is being read. */
  #fate: 'control' | 'data' | 'ignore' = 'ignore'
  #control: Buffer[] = []
  #message: Assembly | null = null
  #finished = false
  /** Of the segment that is being read. */
  #frames = 0
  #framesOfSegment = 0
  #pingsOfSegment = 0
  #echoes: Message[] = []
  #pongs: Buffer[] = []
  #failure: FrameBreach | null = null
  readonly #pace: Pace

  constructor(socket: Socket, service: WebSocketService, agreement: DeflateAgreement | null) {
    this.#socket = socket
    this.#service = service
    this.#rules = service.rules
    this.#deflate = agreement === null ? null : new PerMessageDeflate(agreement, service.rules)
    this.#pace = new Pace(socket, service.rules, {
      ping: () => this.#send(opcodes.ping, Buffer.from('pace')),
      goAway: () => this.#goAway(),
    })
  }

  get sentClose(): boolean {
    return this.#sentClose
  }

  open(): void {
    if (this.#service.variant !== 'pushing') return
    this.#sendMessage({ type: 'text', payload: Buffer.from('welcome'), frames: 1 })
    let count = 0
    const pusher = setInterval(() => {
      if (this.#state !== 'open' || this.#socket.writableLength > backlog) return
      count += 1
      this.#sendMessage({ type: 'text', payload: Buffer.from(`push ${count}`), frames: 1 })
    }, pushEveryMs)
    this.#socket.once('close', () => clearInterval(pusher))
  }

  receive(chunk: Buffer): void {
    this.#framesOfSegment = 0
    this.#pingsOfSegment = 0
    for (const part of this.#reader.read(chunk)) {
      if (this.#state === 'over') return
      if (part.kind === 'header') this.#startFrame(part.header)
      else if (part.kind === 'payload') this.#takePayload(part.bytes, part.offset)
      else this.#endFrame()
    }
    this.#pace.heard(this.#reader.within)
    this.#endSegment()
  }

  peerEnded(): void {
    if (this.#reader.within && this.#rules.tolerates.includes('truncated-frame')) this.#endFrame()
    if (this.#rules.peerFin === 'end') this.#end()
  }

  #endSegment(): void {
    const echoes = this.#rules.echoOrder === 'reversed' ? this.#echoes.reverse() : this.#echoes
    for (const echo of echoes) this.#sendMessage(echo)
    this.#echoes = []
    if (this.#failure !== null && this.#state === 'open') this.#endAfterFailure(this.#failure)
    if (
      this.#state === 'open' &&
      this.#reader.within &&
      (this.#header?.length ?? 0n) < 126n &&
      this.#rules.refuses.includes('frame-over-segments')
    ) {
      this.#endAfterFailure('truncated-frame')
    }
    if (this.#state === 'closing') this.#endAfterClose()
    if (this.#state === 'open' && this.#frames >= this.#rules.frameQuota) this.#end()
  }

  #startFrame(header: FrameHeader): void {
    const { refuses, tolerates } = this.#rules
    this.#frames += 1
    this.#framesOfSegment += 1
    this.#header = header
    this.#control = []
    this.#fate = 'ignore'
    if (this.#state === 'closing' && this.#rules.behindClose === 'discard') return
    if (this.#framesOfSegment > 1 && refuses.includes('second-frame-of-segment')) return
    const open = this.#message
    const reading = { open, finished: this.#finished, deflate: this.#deflate !== null }
    const breaches = headerBreaches(header, reading)
    const breach = breaches.find((one) => !tolerates.includes(one)) ?? this.#headerScruple(header)
    if (breach !== null) {
      this.#fail(breach)
      return
    }
    if (breaches.includes('length-msb')) this.#reader.correctLength(header.length & (2n ** 63n - 1n))
    if (breaches.includes('too-big')) return
    if (header.opcode >= opcodes.close) {
      if (header.opcode <= opcodes.pong) this.#fate = 'control'
      if (open !== null && refuses.includes('control-in-fragment')) open.forget()
      return
    }
    if (header.opcode > opcodes.binary || (header.opcode === opcodes.continuation && open === null)) return
    this.#fate = 'data'
    const type = header.opcode === opcodes.binary ? 'binary' : 'text'
    if (header.opcode !== opcodes.continuation) {
      this.#message = new Assembly(type, (header.rsv & 4) !== 0, this.#rules)
    }
    if (this.#message !== null) this.#message.frames += 1
  }

  /** What is right, and a mutant takes offence at. */
  #headerScruple(header: FrameHeader): FrameBreach | null {
    const { refuses } = this.#rules
    if (refuses.includes('mask-key-ones') && header.mask?.every((byte) => byte === 255) === true)
      return 'unmasked'
    if (refuses.includes('mask-key-zero') && header.mask?.every((byte) => byte === 0) === true)
      return 'unmasked'
    const fragment = header.opcode === opcodes.continuation || (header.opcode < 8 && !header.fin)
    if (refuses.includes('empty-fragment') && fragment && header.length === 0n) return 'continuation-alone'
    const starts = header.opcode === opcodes.text || header.opcode === opcodes.binary
    const plain = starts && header.rsv === 0 && this.#deflate !== null
    return refuses.includes('uncompressed-message') && plain ? 'rsv1' : null
  }

  #takePayload(bytes: Buffer, offset: number): void {
    if (this.#header === null || this.#fate === 'ignore') return
    const piece = plainPiece(this.#header, bytes, offset, this.#rules)
    if (this.#fate === 'control') {
      this.#control.push(piece)
      return
    }
    const breach = this.#message?.take(piece) ?? null
    if (breach !== null) this.#fail(breach)
  }

  #endFrame(): void {
    const header = this.#header
    this.#header = null
    if (header === null || this.#fate === 'ignore') return
    if (this.#fate === 'control') {
      this.#takeControl(header.opcode, Buffer.concat(this.#control))
      return
    }
    const message = this.#message
    if (message === null) return
    if (!header.fin) {
      const breach = message.endFrame()
      if (breach !== null) this.#fail(breach)
      return
    }
    this.#message = null
    this.#finished = true
    const finished = message.finish(this.#deflate)
    if (typeof finished === 'string') this.#fail(finished)
    else this.#takeMessage(finished)
    for (const pong of this.#pongs.splice(0)) this.#send(opcodes.pong, pong)
  }

  #takeMessage(message: Message): void {
    if (this.#state === 'closing' && this.#rules.behindClose !== 'answer-messages') return
    if (this.#service.variant !== 'echo') return
    const echo = this.#rules.echoOf(message)
    if (echo !== null) this.#echoes.push(echo)
  }

  #takeControl(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.close) this.#takeClose(payload)
    else if (opcode === opcodes.ping) this.#takePing(payload)
    else if (payload.equals(Buffer.from('pace'))) this.#pace.answered()
    else if (this.#rules.unsolicitedPong === 'answer') this.#send(opcodes.pong, payload)
    else if (this.#rules.unsolicitedPong === 'fail') this.#fail('opcode-control')
  }

  #takePing(payload: Buffer): void {
    if (this.#state === 'closing' && this.#rules.behindClose !== 'answer-pings') return
    this.#pingsOfSegment += 1
    if (this.#rules.pings === 'first-of-segment' && this.#pingsOfSegment > 1) return
    const pong = this.#rules.pongTo(payload)
    if (pong === null) return
    // Echoes of messages that came before leave first.
    for (const echo of this.#echoes.splice(0)) this.#sendMessage(echo)
    if (this.#rules.pings === 'after-message' && this.#message !== null) this.#pongs.push(pong)
    else this.#send(opcodes.pong, pong)
  }

  #takeClose(body: Buffer): void {
    const { refuses, refusesCloseCodes, tolerates, behindClose } = this.#rules
    if (this.#state === 'closing' && behindClose !== 'answer-closes') return
    if (refuses.includes('close-in-fragment') && this.#message !== null) return
    const breach = closeBreach(body)
    if (breach !== null && !tolerates.includes(breach)) {
      this.#fail(breach)
      return
    }
    const code = body.length < 2 ? null : body.readUInt16BE(0)
    const offended =
      (code !== null && refusesCloseCodes.includes(code)) ||
      (refuses.includes('close-empty') && body.length === 0) ||
      (refuses.includes('close-long-reason') && body.length > 100)
    if (offended) {
      this.#fail('close-code-undefined')
      return
    }
    for (const echo of this.#echoes.splice(0)) this.#sendMessage(echo)
    const answer = this.#rules.closeAnswer(body)
    if (answer !== null) this.#send(opcodes.close, answer)
    this.#sentClose = true
    this.#state = 'closing'
  }

  /** The peer broke a rule (RFC 6455 7.1.7). */
  #fail(breach: FrameBreach): void {
    if (this.#state !== 'open') return
    this.#fate = 'ignore'
    if (this.#rules.failure === 'process-on') this.#failure ??= breach
    else this.#endAfterFailure(breach)
  }

  #endAfterFailure(breach: FrameBreach): void {
    for (const echo of this.#echoes.splice(0)) this.#sendMessage(echo)
    const code = Buffer.alloc(2)
    code.writeUInt16BE(this.#rules.failureCode(breach, codeFor(breach)))
    if (this.#rules.failure !== 'end-only' && !this.#sentClose) this.#send(opcodes.close, code)
    this.#sentClose = true
    this.#state = 'over'
    if (this.#rules.failure !== 'close-only') this.#end()
  }

  /** Nothing is wrong; the server does not want to wait any longer (RFC 6455 7.4.1: 1001). */
  #goAway(): void {
    if (this.#state !== 'open') return
    this.#send(opcodes.close, Buffer.from([0x03, 0xe9]))
    this.#sentClose = true
    this.#end()
  }

  #endAfterClose(): void {
    this.#state = 'over'
    if (this.#rules.messageBehindClose)
      this.#sendMessage({ type: 'text', payload: Buffer.from('late'), frames: 1 })
    if (this.#rules.afterClose === 'end') this.#end()
    // A RST right behind the Close frame could overtake it at the peer.
    if (this.#rules.afterClose === 'reset') this.#later(50, () => this.#socket.resetAndDestroy())
  }

  /** The server ends TCP first (RFC 6455 7.1.1); what the peer still sends is read, so that no RST meets it. */
  #end(): void {
    this.#state = 'over'
    if (this.#socket.writable) this.#socket.end()
    this.#later(lingerMs, () => this.#socket.destroy())
  }

  #later(ms: number, act: () => void): void {
    if (this.#socket.destroyed) return
    const timer = setTimeout(act, ms)
    this.#socket.once('close', () => clearTimeout(timer))
  }

  #sendMessage(message: Message): void {
    const opcode = message.type === 'text' ? opcodes.text : opcodes.binary
    if (this.#deflate === null) this.#send(opcode, message.payload)
    else this.#send(opcode, this.#deflate.deflate(message.payload), 4)
  }

  #send(opcode: number, payload: Buffer, rsv = 0): void {
    if (!this.#socket.writable) return
    const frames = this.#rules.outgoing({ fin: true, rsv, opcode, payload })
    this.#socket.write(Buffer.concat(frames.map(encodeFrame)))
    if (this.#socket.writableLength > backlog) this.#socket.pause()
  }
}
