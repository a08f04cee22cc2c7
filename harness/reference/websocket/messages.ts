import { messageLimit } from './breaches.ts'
import { InflateError } from './deflate.ts'
import type { PerMessageDeflate } from './deflate.ts'
import { unmasked } from './frames.ts'
import type { FrameHeader } from './frames.ts'
import type { FrameBreach, Message, WebSocketRules } from './rules.ts'
import { Utf8Check, utf8Error } from './utf8.ts'

/** A message in the making, or what is wrong with it. */
export class Assembly {
  readonly type: 'text' | 'binary'
  readonly compressed: boolean
  frames = 0
  length = 0
  readonly #rules: WebSocketRules
  #chunks: Buffer[] = []
  /** Null where nothing is checked octet by octet. */
  #utf8: Utf8Check | null

  constructor(type: 'text' | 'binary', compressed: boolean, rules: WebSocketRules) {
    this.type = type
    this.compressed = compressed
    this.#rules = rules
    this.#utf8 = type === 'text' && !compressed && rules.utf8Checked === 'at-once' ? new Utf8Check() : null
  }

  /** Takes a piece of a frame's payload, unmasked. */
  take(piece: Buffer): FrameBreach | null {
    if (this.frames > 1 && this.#rules.refuses.includes('fragment')) return null
    this.#chunks.push(piece)
    this.length += piece.length
    const error = this.#utf8?.feed(piece) ?? null
    return error === null ? null : this.#utf8Breach(error)
  }

  /** What came so far is lost: for a mutant that mixes up its buffers. */
  forget(): void {
    this.#chunks = []
  }

  /** To be asked behind a frame that does not end the message. */
  endFrame(): FrameBreach | null {
    return this.#rules.refuses.includes('split-character') ? (this.#utf8?.end() ?? null) : null
  }

  finish(deflate: PerMessageDeflate | null): Message | FrameBreach {
    const octets = Buffer.concat(this.#chunks)
    const payload = this.compressed ? inflated(octets, this.frames, deflate, this.#rules) : octets
    if (typeof payload === 'string') return payload
    const error = this.#textError(payload)
    return error ?? { type: this.type, payload, frames: this.frames }
  }

  #textError(payload: Buffer): FrameBreach | null {
    const { refuses, tolerates } = this.#rules
    if (this.type === 'binary') {
      return refuses.includes('binary-not-utf8') && utf8Error(payload) !== null ? 'utf8-invalid-byte' : null
    }
    if (this.compressed) {
      return utf8Error(payload) !== null && !tolerates.includes('utf8-deflated') ? 'utf8-deflated' : null
    }
    if (this.#rules.utf8Checked === 'at-end') {
      const error = utf8Error(payload)
      return error === null ? null : this.#utf8Breach(error)
    }
    const error = this.#utf8?.end() ?? null
    const breach = error === null ? null : this.#utf8Breach(error)
    if (breach !== null) return breach
    if (refuses.includes('nul') && payload.includes(0)) return 'utf8-invalid-byte'
    if (refuses.includes('four-byte-character') && payload.some((byte) => byte >= 0xf0))
      return 'utf8-too-large'
    if (refuses.includes('noncharacter') && (payload.includes('\uffff') || payload.includes('\ufffe'))) {
      return 'utf8-invalid-byte'
    }
    return null
  }

  /** A breach that is let pass ends the checking of this message. */
  #utf8Breach(error: FrameBreach): FrameBreach | null {
    const breach = this.frames > 1 ? 'utf8-over-fragments' : error
    if (!this.#rules.tolerates.includes(breach)) return breach
    this.#utf8 = null
    return null
  }
}

function inflated(
  octets: Buffer,
  frames: number,
  deflate: PerMessageDeflate | null,
  { refuses, tolerates }: WebSocketRules,
): Buffer | FrameBreach {
  // RSV1 that was let pass without an agreement.
  if (deflate === null) return octets
  if (refuses.includes('deflate')) return 'deflate-corrupt'
  if (refuses.includes('deflate-fragments') && frames > 1) return 'deflate-corrupt'
  if (refuses.includes('deflate-final-block') && ((octets[0] ?? 0) & 1) === 1) return 'deflate-corrupt'
  const type = ((octets[0] ?? 0) >> 1) & 3
  if (refuses.includes('deflate-stored-block') && type === 0 && octets.length > 1) return 'deflate-corrupt'
  const flush = octets.indexOf(Buffer.from([0x00, 0x00, 0xff, 0xff]))
  const whole = refuses.includes('deflate-second-block') && flush > 0 ? octets.subarray(0, flush) : octets
  try {
    const payload = deflate.inflate(whole, messageLimit)
    return payload.length === 0 && refuses.includes('deflate-empty') ? 'deflate-corrupt' : payload
  } catch (error) {
    if (!(error instanceof InflateError)) throw error
    if (error.reason === 'too-big') return 'too-big'
    return tolerates.includes('deflate-corrupt') ? Buffer.alloc(0) : 'deflate-corrupt'
  }
}

/** The payload's piece as it was meant; mutants get it wrong. */
export function plainPiece(
  header: FrameHeader,
  bytes: Buffer,
  offset: number,
  rules: WebSocketRules,
): Buffer {
  const { mask } = header
  if (mask === null) return Buffer.from(bytes)
  // Longer payloads come in pieces of whatever size: a mutant must be wrong in the same places each time.
  const restarts = rules.refuses.includes('mask-over-chunks') && header.length < 126n
  return unmasked(bytes, mask, restarts ? 0 : offset)
}
