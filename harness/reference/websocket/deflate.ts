import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { DeflateAgreement, WebSocketRules } from './rules.ts'

/** What every message ends with, and what is taken from it (RFC 7692 7.2.1). */
const tail = Buffer.from([0x00, 0x00, 0xff, 0xff])

/** The message is not DEFLATE data, or is larger than the limit. */
export class InflateError extends Error {
  override readonly name = 'InflateError'
  readonly reason: 'corrupt' | 'too-big'

  constructor(reason: 'corrupt' | 'too-big', options?: ErrorOptions) {
    super(reason, options)
    this.reason = reason
  }
}

/**
 * permessage-deflate for one connection. The context that one message hands on to the next is nothing but the last
 * octets of what was said, as many as the window holds: each message is a stream of its own with those as dictionary.
 */
export class PerMessageDeflate {
  readonly #agreement: DeflateAgreement
  readonly #rules: WebSocketRules
  #said: Buffer = Buffer.alloc(0)
  #heard: Buffer = Buffer.alloc(0)

  constructor(agreement: DeflateAgreement, rules: WebSocketRules) {
    this.#agreement = agreement
    this.#rules = rules
  }

  /** The message behind the octets; at most `limit` octets long. Throws an InflateError. */
  inflate(message: Buffer, limit: number): Buffer {
    const bits = this.#agreement.clientBits
    const pieces: Buffer[] = []
    let length = 0
    let context = this.#heard
    let rest = Buffer.concat([message, tail])
    // A block with BFINAL set ends a stream of zlib's, but not the message (RFC 7692 7.2.3.4): go on behind it.
    while (rest.length > 0) {
      const { bytes, read } = this.#stream(rest, bits, context, limit - length)
      pieces.push(bytes)
      length += bytes.length
      context = lastOf(Buffer.concat([context, bytes]), bits)
      if (read === 0) break
      rest = rest.subarray(read)
    }
    const forgets = this.#agreement.clientForgets || this.#rules.refuses.includes('deflate-context')
    this.#heard = forgets ? Buffer.alloc(0) : context
    return Buffer.concat(pieces)
  }

  #stream(data: Buffer, bits: number, context: Buffer, limit: number): { bytes: Buffer; read: number } {
    try {
      const result = inflateRawSync(data, {
        windowBits: bits,
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: limit + 1,
        ...(context.length > 0 ? { dictionary: context } : {}),
        info: true,
      }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
      if (result.buffer.length > limit) throw new InflateError('too-big')
      return { bytes: result.buffer, read: result.engine.bytesWritten }
    } catch (error) {
      if (error instanceof InflateError) throw error
      const big = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      throw new InflateError(big ? 'too-big' : 'corrupt', { cause: error })
    }
  }

  /** The octets for a message, without the tail. */
  deflate(message: Buffer): Buffer {
    const bits = this.#rules.deflater === 'full-window' ? 15 : this.#agreement.serverBits
    const forgets = this.#agreement.serverForgets && this.#rules.deflater !== 'keep-context'
    const compressed = deflateRawSync(message, {
      windowBits: bits,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(this.#said.length > 0 ? { dictionary: this.#said } : {}),
    })
    this.#said = forgets ? Buffer.alloc(0) : lastOf(Buffer.concat([this.#said, message]), bits)
    const out = Buffer.from(compressed.subarray(0, compressed.length - tail.length))
    // A first octet of this kind is a block of the type that DEFLATE does not have.
    if (this.#rules.deflater === 'damaged') out[0] = 0xff
    return out
  }
}

function lastOf(bytes: Buffer, bits: number): Buffer {
  return Buffer.from(bytes.subarray(Math.max(0, bytes.length - 2 ** bits)))
}
