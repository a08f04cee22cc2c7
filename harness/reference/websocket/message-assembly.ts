import { messageLimit } from './frame-violations.ts'
import { InflateError } from './deflate.ts'
import type { PerMessageDeflate } from './deflate.ts'
import { unmasked } from './frames.ts'
import type { FrameHeader } from './frames.ts'
import type { FrameViolation, Message, WebSocketRules } from './rules.ts'
import { Utf8Check, utf8Error } from './utf8.ts'

/** Collects the frames of one message, and checks text while it arrives. */
export class MessageAssembly {
  readonly type: 'text' | 'binary'
  readonly compressed: boolean
  frames = 0
  length = 0
  readonly #rules: WebSocketRules
  #chunks: Buffer[] = []
  /** Null if the payload is not checked while it arrives. */
  #utf8: Utf8Check | null

  constructor(type: 'text' | 'binary', compressed: boolean, rules: WebSocketRules) {
    this.type = type
    this.compressed = compressed
    this.#rules = rules
    this.#utf8 = type === 'text' && !compressed && rules.utf8Checked === 'at-once' ? new Utf8Check() : null
  }

  /** Adds a piece of a frame's payload, unmasked. */
  add(piece: Buffer): FrameViolation | null {
    if (this.frames > 1 && this.#rules.rejects.includes('fragment')) return null
    this.#chunks.push(piece)
    this.length += piece.length
    const error = this.#utf8?.feed(piece) ?? null
    return error === null ? null : this.#utf8Violation(error)
  }

  /** Drops the payload so far: for a mutant that confuses its buffers. */
  dropFragments(): void {
    this.#chunks = []
  }

  /** Call after each frame that does not end the message. */
  endFrame(): FrameViolation | null {
    return this.#rules.rejects.includes('split-character') ? (this.#utf8?.end() ?? null) : null
  }

  /** The whole message, or the rule that it breaks. */
  finish(deflate: PerMessageDeflate | null): Message | FrameViolation {
    const bytes = Buffer.concat(this.#chunks)
    const payload = this.compressed ? inflated(bytes, this.frames, deflate, this.#rules) : bytes
    if (typeof payload === 'string') return payload
    const error = this.#textError(payload)
    return error ?? { type: this.type, payload, frames: this.frames }
  }

  #textError(payload: Buffer): FrameViolation | null {
    const { rejects, tolerates } = this.#rules
    if (this.type === 'binary') {
      return rejects.includes('binary-not-utf8') && utf8Error(payload) !== null ? 'utf8-invalid-byte' : null
    }
    if (this.compressed) {
      return utf8Error(payload) !== null && !tolerates.includes('utf8-deflated') ? 'utf8-deflated' : null
    }
    if (this.#rules.utf8Checked === 'at-end') {
      const error = utf8Error(payload)
      return error === null ? null : this.#utf8Violation(error)
    }
    const error = this.#utf8?.end() ?? null
    const violation = error === null ? null : this.#utf8Violation(error)
    if (violation !== null) return violation
    if (rejects.includes('nul') && payload.includes(0)) return 'utf8-invalid-byte'
    if (rejects.includes('four-byte-character') && payload.some((byte) => byte >= 0xf0))
      return 'utf8-too-large'
    if (rejects.includes('noncharacter') && (payload.includes('\uffff') || payload.includes('\ufffe'))) {
      return 'utf8-invalid-byte'
    }
    return null
  }

  /** A tolerated violation ends the UTF-8 check of this message. */
  #utf8Violation(error: FrameViolation): FrameViolation | null {
    const violation = this.frames > 1 ? 'utf8-over-fragments' : error
    if (!this.#rules.tolerates.includes(violation)) return violation
    this.#utf8 = null
    return null
  }
}

function inflated(
  bytes: Buffer,
  frames: number,
  deflate: PerMessageDeflate | null,
  { rejects, tolerates }: WebSocketRules,
): Buffer | FrameViolation {
  // A mutant tolerates RSV1 without a negotiated extension.
  if (deflate === null) return bytes
  if (rejects.includes('deflate')) return 'deflate-corrupt'
  if (rejects.includes('deflate-fragments') && frames > 1) return 'deflate-corrupt'
  if (rejects.includes('deflate-final-block') && ((bytes[0] ?? 0) & 1) === 1) return 'deflate-corrupt'
  const type = ((bytes[0] ?? 0) >> 1) & 3
  if (rejects.includes('deflate-stored-block') && type === 0 && bytes.length > 1) return 'deflate-corrupt'
  const flush = bytes.indexOf(Buffer.from([0x00, 0x00, 0xff, 0xff]))
  const whole = rejects.includes('deflate-second-block') && flush > 0 ? bytes.subarray(0, flush) : bytes
  try {
    const payload = deflate.inflate(whole, messageLimit)
    return payload.length === 0 && rejects.includes('deflate-empty') ? 'deflate-corrupt' : payload
  } catch (error) {
    if (!(error instanceof InflateError)) throw error
    if (error.reason === 'too-big') return 'too-big'
    return tolerates.includes('deflate-corrupt') ? Buffer.alloc(0) : 'deflate-corrupt'
  }
}

/** A piece of the payload, unmasked; a mutant restarts the masking key in each piece. */
export function unmaskedPiece(
  header: FrameHeader,
  bytes: Buffer,
  offset: number,
  rules: WebSocketRules,
): Buffer {
  const { mask } = header
  if (mask === null) return Buffer.from(bytes)
  // A longer payload arrives in pieces of any size: the mutant would break at a different place in every run.
  const restarts = rules.rejects.includes('mask-over-chunks') && header.length < 126n
  return unmasked(bytes, mask, restarts ? 0 : offset)
}
