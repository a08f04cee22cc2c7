import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { DeflateAgreement, WebSocketRules } from './rules.ts'

/** The bytes that end every compressed message, and that the sender removes (RFC 7692 7.2.1). */
const tail = Buffer.from([0x00, 0x00, 0xff, 0xff])

/** The message is not valid DEFLATE data, or inflates to more than the limit. */
export class InflateError extends Error {
  override readonly name = 'InflateError'
  readonly reason: 'corrupt' | 'too-big'

  constructor(reason: 'corrupt' | 'too-big', options?: ErrorOptions) {
    super(reason, options)
    this.reason = reason
  }
}

/**
 * permessage-deflate for one connection. The context that one message passes on to the next is the last bytes of the
 * uncompressed messages, as many as the window holds. So each message is a separate zlib stream with that context as
 * its dictionary.
 */
export class PerMessageDeflate {
  readonly #agreement: DeflateAgreement
  readonly #rules: WebSocketRules
  #sentContext: Buffer = Buffer.alloc(0)
  #receivedContext: Buffer = Buffer.alloc(0)

  constructor(agreement: DeflateAgreement, rules: WebSocketRules) {
    this.#agreement = agreement
    this.#rules = rules
  }

  /** Inflates a message to at most `limit` bytes. Throws an InflateError. */
  inflate(message: Buffer, limit: number): Buffer {
    const bits = this.#agreement.clientBits
    const pieces: Buffer[] = []
    let length = 0
    let context = this.#receivedContext
    let rest = Buffer.concat([message, tail])
    // A block with BFINAL set ends a zlib stream but not the message (RFC 7692 7.2.3.4): continue after it.
    while (rest.length > 0) {
      const { bytes, read } = this.#stream(rest, bits, context, limit - length)
      pieces.push(bytes)
      length += bytes.length
      context = lastOf(Buffer.concat([context, bytes]), bits)
      if (read === 0) break
      rest = rest.subarray(read)
    }
    const forgets = this.#agreement.clientForgetsContext || this.#rules.rejects.includes('deflate-context')
    this.#receivedContext = forgets ? Buffer.alloc(0) : context
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
      const tooBig = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      throw new InflateError(tooBig ? 'too-big' : 'corrupt', { cause: error })
    }
  }

  /** The compressed bytes of a message, without the tail. */
  deflate(message: Buffer): Buffer {
    const bits = this.#rules.deflater === 'full-window' ? 15 : this.#agreement.serverBits
    const forgets = this.#agreement.serverForgetsContext && this.#rules.deflater !== 'keep-context'
    const compressed = deflateRawSync(message, {
      windowBits: bits,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(this.#sentContext.length > 0 ? { dictionary: this.#sentContext } : {}),
    })
    this.#sentContext = forgets ? Buffer.alloc(0) : lastOf(Buffer.concat([this.#sentContext, message]), bits)
    const output = Buffer.from(compressed.subarray(0, compressed.length - tail.length))
    // 0xff starts a block of the reserved type 3, which DEFLATE does not define.
    if (this.#rules.deflater === 'damaged') output[0] = 0xff
    return output
  }
}

function lastOf(bytes: Buffer, bits: number): Buffer {
  return Buffer.from(bytes.subarray(Math.max(0, bytes.length - 2 ** bits)))
}
