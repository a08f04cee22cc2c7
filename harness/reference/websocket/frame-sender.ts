import type { Socket } from 'node:net'
import type { PerMessageDeflate } from './deflate.ts'
import { encodeFrame, opcodes } from './frames.ts'
import type { Message, WebSocketRules } from './rules.ts'

/** How long the client may take to close its side of TCP, in ms. */
const lingerMs = 1000
/** How long a reset waits so that the Close frame before it reaches the client, in ms. */
const resetDelayMs = 50
/** Unsent bytes at which the server stops reading and pushing. */
const backlogLimit = 1024 * 1024

/** Sends the frames of one connection, and closes its socket. */
export class FrameSender {
  readonly #socket: Socket
  readonly #rules: WebSocketRules
  readonly #deflate: PerMessageDeflate | null

  constructor(socket: Socket, rules: WebSocketRules, deflate: PerMessageDeflate | null) {
    this.#socket = socket
    this.#rules = rules
    this.#deflate = deflate
  }

  /** Whether the client reads more slowly than the server sends. */
  get isBacklogged(): boolean {
    return this.#socket.writableLength > backlogLimit
  }

  sendMessage({ type, payload }: Pick<Message, 'type' | 'payload'>): void {
    const opcode = type === 'text' ? opcodes.text : opcodes.binary
    if (this.#deflate === null) this.send(opcode, payload)
    else this.send(opcode, this.#deflate.deflate(payload), 4)
  }

  /** Sends one frame, or what a mutant makes of it. Stops reading while the socket is backlogged. */
  send(opcode: number, payload: Buffer, rsv = 0): void {
    if (!this.#socket.writable) return
    const frames = this.#rules.outgoing({ fin: true, rsv, opcode, payload })
    this.#socket.write(Buffer.concat(frames.map(encodeFrame)))
    if (this.isBacklogged) this.#socket.pause()
  }

  /** The server closes TCP first (RFC 6455 7.1.1) and reads on until the client has closed, to avoid a RST. */
  close(): void {
    if (this.#socket.writable) this.#socket.end()
    this.#later(lingerMs, () => this.#socket.destroy())
  }

  reset(): void {
    this.#later(resetDelayMs, () => this.#socket.resetAndDestroy())
  }

  #later(ms: number, action: () => void): void {
    if (this.#socket.destroyed) return
    const timer = setTimeout(action, ms)
    this.#socket.once('close', () => clearTimeout(timer))
  }
}
