/** Header of a frame that came, before anything was judged. */
export interface FrameHeader {
  readonly fin: boolean
  /** Bits RSV1 (4), RSV2 (2), RSV3 (1). */
  readonly rsv: number
  readonly opcode: number
  /** Null: the frame is not masked. */
  readonly mask: Buffer | null
  /** As declared; 64 bits. */
  readonly length: bigint
}

export interface OutgoingFrame {
  readonly fin: boolean
  readonly rsv: number
  readonly opcode: number
  readonly payload: Buffer
  /** Masks the frame, which a server must not. */
  readonly mask?: Buffer
  /** Width of the length field; the shortest that fits unless told. */
  readonly lengthBits?: 7 | 16 | 64
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A frame as octets (RFC 6455 5.2). */
export function encodeFrame(frame: OutgoingFrame): Buffer {
  const { payload } = frame
  const bits = frame.lengthBits ?? (payload.length < 126 ? 7 : payload.length < 65_536 ? 16 : 64)
  const extended = bits === 7 ? 0 : bits / 8
  const head = Buffer.alloc(2 + extended)
  head[0] = (frame.fin ? 0x80 : 0) | (frame.rsv << 4) | frame.opcode
  head[1] = (frame.mask === undefined ? 0 : 0x80) | (bits === 7 ? payload.length : bits === 16 ? 126 : 127)
  if (bits === 16) head.writeUInt16BE(payload.length, 2)
  if (bits === 64) head.writeBigUInt64BE(BigInt(payload.length), 2)
  if (frame.mask === undefined) return Buffer.concat([head, payload])
  return Buffer.concat([head, frame.mask, unmasked(payload, frame.mask, 0)])
}

/** A copy with the key applied (RFC 6455 5.3); `offset` is the place of the first octet in the frame's payload. */
export function unmasked(payload: Buffer, mask: Buffer, offset: number): Buffer {
  const copy = Buffer.from(payload)
  for (let index = 0; index < copy.length; index += 1) {
    copy[index] = (copy[index] as number) ^ (mask[(index + offset) & 3] as number)
  }
  return copy
}

/** What a reader says of the octets that it was given, in order. */
export type FramePart =
  | { readonly kind: 'header'; readonly header: FrameHeader }
  /** A piece of the payload as it was sent, still masked; `offset` is its place in the payload. */
  | { readonly kind: 'payload'; readonly bytes: Buffer; readonly offset: number }
  | { readonly kind: 'end' }

/**
 * Cuts the stream of octets into frames, in whatever pieces it comes. Holds at most the 14 octets of a header:
 * whoever reads the parts decides what is kept of the payload, so that a declared length costs nothing.
 */
export class FrameReader {
  #head: Buffer = Buffer.alloc(0)
  #remaining = 0n
  #offset = 0
  #within = false

  /** True inside a frame: part of a header, or of the payload, has come. */
  get within(): boolean {
    return this.#within || this.#head.length > 0
  }

  *read(chunk: Buffer): Generator<FramePart> {
    let rest = chunk
    while (rest.length > 0) {
      if (!this.#within) {
        const missing = headerLength(this.#head) - this.#head.length
        this.#head = Buffer.concat([this.#head, rest.subarray(0, missing)])
        rest = rest.subarray(missing)
        if (this.#head.length < headerLength(this.#head)) continue
        const header = readHeader(this.#head)
        this.#head = Buffer.alloc(0)
        this.#remaining = header.length
        this.#offset = 0
        this.#within = true
        yield { kind: 'header', header }
      } else {
        const size = this.#remaining < BigInt(rest.length) ? Number(this.#remaining) : rest.length
        const bytes = rest.subarray(0, size)
        rest = rest.subarray(size)
        yield { kind: 'payload', bytes, offset: this.#offset }
        this.#offset += size
        this.#remaining -= BigInt(size)
      }
      if (this.#within && this.#remaining === 0n) {
        this.#within = false
        yield { kind: 'end' }
      }
    }
  }

  /** The length that counts, where the declared one was let pass although it must not be. */
  correctLength(length: bigint): void {
    this.#remaining = length
  }
}

function headerLength(known: Buffer): number {
  if (known.length < 2) return 2
  const second = known[1] as number
  const extended = (second & 0x7f) === 126 ? 2 : (second & 0x7f) === 127 ? 8 : 0
  return 2 + extended + ((second & 0x80) === 0 ? 0 : 4)
}

function readHeader(head: Buffer): FrameHeader {
  const [first, second] = [head[0] as number, head[1] as number]
  const short = second & 0x7f
  const masked = (second & 0x80) !== 0
  return {
    fin: (first & 0x80) !== 0,
    rsv: (first >> 4) & 7,
    opcode: first & 0x0f,
    mask: masked ? Buffer.from(head.subarray(head.length - 4)) : null,
    length:
      short === 126 ? BigInt(head.readUInt16BE(2)) : short === 127 ? head.readBigUInt64BE(2) : BigInt(short),
  }
}
