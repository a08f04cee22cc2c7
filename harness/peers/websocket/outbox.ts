import { randomBytes } from 'node:crypto'
import { encodeFrame, opcodes } from '#wire/websocket/frames'
import { Inflater } from '#wire/websocket/deflate'
import { encodeUtf8 } from '#wire/utf8'
import type { FrameToSend, Opcode, ReceivedFrame, ReceivedMessage } from '#peers/kit'

/** A frame or message whose answer would show that it was processed. */
export interface Sent {
  readonly kind: 'ping' | 'data'
  readonly payload: Uint8Array
  /** When it was sent, in ms of the stream's clock. */
  readonly asked: number
}

/** A shorter payload may occur in a message by chance. */
const minEvidenceLength = 4

/** Remembers what was sent since the target last answered as it should. */
export class Outbox {
  #sent: Sent[] = []

  /** The target answered: what was sent so far was rightly processed. */
  markAcknowledged(): void {
    this.#sent = []
  }

  note(opcode: number, payload: Uint8Array, asked: number): void {
    if (opcode === opcodes.ping) this.#sent.push({ kind: 'ping', payload, asked })
    else if (opcode !== opcodes.pong && opcode !== opcodes.close)
      this.#sent.push({ kind: 'data', payload, asked })
  }

  /** Notes a compressed message by its inflated payload. */
  noteDeflated(deflated: Uint8Array, asked: number): void {
    const message = new Inflater(false).inflate(deflated)
    if (message !== null) this.#sent.push({ kind: 'data', payload: message, asked })
  }

  /** When the first Ping, or message, with this payload since the last acknowledgement was sent; null if none was. */
  askedAt(kind: Sent['kind'], payload: Uint8Array): number | null {
    return this.#sent.find((sent) => sent.kind === kind && equal(sent.payload, payload))?.asked ?? null
  }

  /** What shows that something sent since the last acknowledgement was processed, in constant words; or null. */
  processed(frames: readonly ReceivedFrame[], messages: readonly ReceivedMessage[]): string | null {
    for (const { kind, payload } of this.#sent) {
      if (
        kind === 'ping' &&
        frames.some((frame) => frame.opcode === opcodes.pong && equal(frame.payload, payload))
      ) {
        return 'the target answered the Ping with its Pong'
      }
      if (
        kind === 'data' &&
        payload.length >= minEvidenceLength &&
        messages.some((message) => contains(message.payload, payload))
      ) {
        return 'the target processed the message: it sent the payload back'
      }
    }
    return null
  }
}

const codes: Readonly<Record<Exclude<Opcode, number>, number>> = opcodes

/** Opcode, payload and bytes of a frame to send. */
export function toWire(frame: FrameToSend): {
  readonly opcode: number
  readonly payload: Uint8Array
  readonly bytes: Uint8Array
} {
  const opcode = typeof frame.opcode === 'number' ? frame.opcode : codes[frame.opcode]
  const payload = bytesOf(frame.payload ?? '')
  const key = frame.mask === false ? null : (frame.mask ?? Uint8Array.from(randomBytes(4)))
  const bytes = encodeFrame({
    opcode,
    payload,
    key,
    fin: frame.fin ?? true,
    rsv: frame.rsv ?? 0,
    ...(frame.lengthBits === undefined ? {} : { lengthBits: frame.lengthBits }),
    ...(frame.declaredLength === undefined ? {} : { declaredLength: frame.declaredLength }),
  })
  return { opcode, payload, bytes }
}

/** A data message in frames of about equal length; the first may have reserved bits. */
export function fragmentsOf(
  opcode: 'text' | 'binary',
  payload: Uint8Array,
  fragments: number,
  rsv = 0,
): FrameToSend[] {
  const size = Math.ceil(payload.length / fragments)
  return Array.from({ length: fragments }, (_none, index) => ({
    opcode: index === 0 ? opcode : 'continuation',
    payload: payload.subarray(index * size, (index + 1) * size),
    fin: index === fragments - 1,
    rsv: index === 0 ? rsv : 0,
  }))
}

export function bytesOf(payload: Uint8Array | string): Uint8Array {
  return typeof payload === 'string' ? encodeUtf8(payload) : payload
}

export function equal(first: Uint8Array, second: Uint8Array): boolean {
  return Buffer.compare(first, second) === 0
}

function contains(whole: Uint8Array, part: Uint8Array): boolean {
  const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view(whole).includes(view(part))
}
