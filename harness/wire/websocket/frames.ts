/** WebSocket frames (RFC 6455 5.2): the encoder also makes invalid ones, the decoder trusts none. */

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

const names: Readonly<Record<number, string>> = {
  0: 'CONTINUATION',
  1: 'TEXT',
  2: 'BINARY',
  8: 'CLOSE',
  9: 'PING',
  10: 'PONG',
}

/** `PING`; `opcode 0xb` for a reserved one. */
export function opcodeName(opcode: number): string {
  return names[opcode] ?? `opcode 0x${opcode.toString(16)}`
}

export interface FrameFields {
  /** 0 to 15. */
  readonly opcode: number
  readonly payload?: Uint8Array
  /** Default true. */
  readonly fin?: boolean
  /** RSV1 (4), RSV2 (2), RSV3 (1). Default 0. */
  readonly rsv?: number
  /** Four bytes; without a key the frame is not masked. */
  readonly key?: Uint8Array | null
  /** Width of the length field. Default: the shortest that fits. */
  readonly lengthBits?: 7 | 16 | 64
  /** A length that differs from that of the payload; truncated to the width of the field. */
  readonly declaredLength?: bigint
}

export function encodeFrame(frame: FrameFields): Uint8Array {
  const payload = frame.payload ?? new Uint8Array(0)
  const length = frame.declaredLength ?? BigInt(payload.length)
  const bits = frame.lengthBits ?? shortest(length)
  const key = frame.key ?? null
  const extended = { 7: 0, 16: 2, 64: 8 }[bits]
  const head = 2 + extended
  const bytes = new Uint8Array(head + (key === null ? 0 : 4) + payload.length)
  const view = new DataView(bytes.buffer)
  bytes[0] = (frame.fin === false ? 0 : 0x80) | ((frame.rsv ?? 0) << 4) | frame.opcode
  bytes[1] = (key === null ? 0 : 0x80) | { 7: Number(length & 0x7fn), 16: 126, 64: 127 }[bits]
  if (bits === 16) view.setUint16(2, Number(length & 0xffffn))
  if (bits === 64) view.setBigUint64(2, BigInt.asUintN(64, length))
  if (key === null) {
    bytes.set(payload, head)
    return bytes
  }
  bytes.set(key.subarray(0, 4), head)
  bytes.set(payload, head + 4)
  mask(bytes.subarray(head + 4), key)
  return bytes
}

/** Masks, or unmasks, in place (RFC 6455 5.3). */
function mask(bytes: Uint8Array, key: Uint8Array): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = (bytes[at] as number) ^ (key[at & 3] as number)
}

function shortest(length: bigint): 7 | 16 | 64 {
  if (length < 126n) return 7
  return length < 65_536n ? 16 : 64
}

export interface DecodedFrame {
  readonly opcode: number
  readonly fin: boolean
  readonly rsv: number
  readonly masked: boolean
  /** Width of the length field as it was sent, which may be longer than needed. */
  readonly lengthBits: 7 | 16 | 64
  /** Unmasked. */
  readonly payload: Uint8Array
  /** The frame as received. */
  readonly raw: Uint8Array
}

/** A frame whose declared length exceeds the ceiling. Its payload is not kept, and nothing after it is decoded. */
interface OversizeFrame {
  readonly opcode: number
  readonly declaredLength: bigint
  /** Head of the frame, key included. */
  readonly raw: Uint8Array
}

interface Decoded {
  readonly frames: readonly DecodedFrame[]
  readonly oversize: OversizeFrame | null
}

/** Longest payload that is buffered, in bytes; a longer one is reported as `oversize`. */
const payloadCeiling = 16 * 1024 * 1024

interface Head {
  readonly first: number
  readonly masked: boolean
  readonly lengthBits: 7 | 16 | 64
  readonly length: bigint
  readonly size: number
}

/** Decodes frames from pieces of any size. Keeps at most one incomplete frame. */
export class FrameDecoder {
  readonly #ceiling: number
  #received = new Uint8Array(1024)
  #size = 0
  #oversize: OversizeFrame | null = null

  constructor(ceiling: number = payloadCeiling) {
    this.#ceiling = ceiling
  }

  /** Number of bytes received of an incomplete frame. */
  get pending(): number {
    return this.#size
  }

  /** A copy of the first bytes of the incomplete frame. */
  peek(most: number): Uint8Array {
    return this.#received.slice(0, Math.min(most, this.#size))
  }

  push(bytes: Uint8Array): Decoded {
    if (this.#oversize !== null) return { frames: [], oversize: null }
    this.#append(bytes)
    const frames: DecodedFrame[] = []
    let at = 0
    for (;;) {
      const head = readHead(this.#received.subarray(at, this.#size))
      if (head === null) break
      if (head.length > BigInt(this.#ceiling)) {
        const raw = this.#received.slice(at, at + head.size)
        this.#oversize = { opcode: head.first & 0x0f, declaredLength: head.length, raw }
        at = this.#size
        break
      }
      const end = at + head.size + Number(head.length)
      if (end > this.#size) break
      frames.push(frameOf(head, this.#received.slice(at, end)))
      at = end
    }
    this.#received.copyWithin(0, at, this.#size)
    this.#size -= at
    return { frames, oversize: this.#oversize }
  }

  /** Grows with the bytes received, never with a declared length. */
  #append(bytes: Uint8Array): void {
    const needed = this.#size + bytes.length
    if (needed > this.#received.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#received.length))
      grown.set(this.#received.subarray(0, this.#size))
      this.#received = grown
    }
    this.#received.set(bytes, this.#size)
    this.#size = needed
  }
}

function readHead(bytes: Uint8Array): Head | null {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return null
  const masked = (second & 0x80) !== 0
  const short = second & 0x7f
  const lengthBits = short === 127 ? 64 : short === 126 ? 16 : 7
  const extended = { 7: 0, 16: 2, 64: 8 }[lengthBits]
  const size = 2 + extended + (masked ? 4 : 0)
  if (bytes.length < size) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = {
    7: () => BigInt(short),
    16: () => BigInt(view.getUint16(2)),
    64: () => view.getBigUint64(2),
  }[lengthBits]()
  return { first, masked, lengthBits, length, size }
}

function frameOf(head: Head, raw: Uint8Array): DecodedFrame {
  const payload = head.masked ? raw.slice(head.size) : raw.subarray(head.size)
  if (head.masked) mask(payload, raw.subarray(head.size - 4, head.size))
  return {
    opcode: head.first & 0x0f,
    fin: (head.first & 0x80) !== 0,
    rsv: (head.first >> 4) & 7,
    masked: head.masked,
    lengthBits: head.lengthBits,
    payload,
    raw,
  }
}

/** Body of a Close frame (RFC 6455 5.5.1). */
export function closeBody(code: number | null, reason: Uint8Array = new Uint8Array(0)): Uint8Array {
  if (code === null) return new Uint8Array(0)
  return Uint8Array.from([(code >> 8) & 0xff, code & 0xff, ...reason])
}

/** Code and reason of a Close frame's body; the code is null if the body has fewer than two bytes. */
export function readCloseBody(payload: Uint8Array): {
  readonly code: number | null
  readonly reason: Uint8Array
} {
  const [high, low] = payload
  if (high === undefined || low === undefined) return { code: null, reason: new Uint8Array(0) }
  return { code: (high << 8) | low, reason: payload.slice(2) }
}
