/** Header of a received frame, before any rule is applied. */
export interface FrameHeader {
  readonly fin: boolean
  /** Bits RSV1 (4), RSV2 (2), RSV3 (1). */
  readonly rsv: number
  readonly opcode: number
  /** Null if the frame is not masked. */
  readonly mask: Buffer | null
  /** Declared payload length in bytes, up to 64 bits. */
  readonly length: bigint
}

/** A frame that the reference sends. */
export interface OutgoingFrame {
  readonly fin: boolean
  readonly rsv: number
  readonly opcode: number
  readonly payload: Buffer
  /** Masks the frame with this key, which only a mutant does. */
  readonly mask?: Buffer
  /** Width of the length field in bits. Default: the minimal width. */
  readonly lengthBits?: 7 | 16 | 64
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** Encodes a frame (RFC 6455 5.2). */
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

/** A copy with the masking key applied (RFC 6455 5.3); `offset` is the position of the first byte in the payload. */
export function unmasked(payload: Buffer, mask: Buffer, offset: number): Buffer {
  const copy = Buffer.from(payload)
  for (let index = 0; index < copy.length; index += 1) {
    copy[index] = (copy[index] as number) ^ (mask[(index + offset) & 3] as number)
  }
  return copy
}

/** What a reader found, in the order of the bytes. */
export type FramePart =
  | { readonly kind: 'header'; readonly header: FrameHeader }
  /** A piece of the payload, still masked; `offset` is its position in the payload. */
  | { readonly kind: 'payload'; readonly bytes: Buffer; readonly offset: number }
  | { readonly kind: 'end' }

/**
 * Parses a byte stream into frames, however it is segmented. Buffers at most the 14 bytes of a header: the caller
 * decides which payload to keep, so that a large declared length costs no memory.
 */
export class FrameReader {
  #head: Buffer = Buffer.alloc(0)
  #remaining = 0n
  #offset = 0
  #within = false

  /** Whether a frame has begun and not ended: a part of its header or payload has been read. */
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

  /** Replaces an invalid declared length that a mutant tolerates. */
  correctLength(length: bigint): void {
    this.#remaining = length
  }
}

/** Length of the header in bytes, as far as its first bytes determine it. */
function headerLength(head: Buffer): number {
  if (head.length < 2) return 2
  const second = head[1] as number
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
