/**
 * Takes the body of an HTTP/1.1 response out of its framing, piece by piece (RFC 9112 sections 6 and 7.1). Pure; keeps
 * one line of framing at most, which is bounded.
 */

/** How the length of a body is determined (RFC 9112 section 6.3). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'until-close' }
  /** Framing that a recipient must reject. */
  | { readonly kind: 'faulty'; readonly what: string }

/** A piece of the payload, and the offset of its first byte, counted from the end of the head. */
interface BodyPiece {
  readonly bytes: Uint8Array
  readonly at: number
}

/** The framing of a response to a request with this method. Header names may have any letter case. */
export function bodyFraming(
  method: string,
  status: number,
  headers: readonly (readonly [name: string, value: string])[],
): BodyFraming {
  if (method === 'HEAD' || (status >= 100 && status < 200) || status === 204 || status === 304)
    return { kind: 'none' }
  const codings = values(headers, 'transfer-encoding')
  if (codings.length > 0) {
    return codings.at(-1)?.toLowerCase() === 'chunked' ? { kind: 'chunked' } : { kind: 'until-close' }
  }
  const lengths = new Set(values(headers, 'content-length'))
  if (lengths.size === 0) return { kind: 'until-close' }
  const [length = ''] = lengths
  if (lengths.size > 1) return { kind: 'faulty', what: 'several Content-Length values that differ' }
  if (!/^\d{1,15}$/.test(length)) return { kind: 'faulty', what: 'a Content-Length that is not a number' }
  return { kind: 'length', length: Number(length) }
}

function values(headers: readonly (readonly [string, string])[], name: string): string[] {
  return headers
    .filter(([one]) => one.toLowerCase() === name)
    .flatMap(([, value]) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '')
}

/** Longest accepted line of chunk framing, extensions included, in bytes. */
const maxFramingLine = 4096
/** Longest accepted trailer section, in bytes. */
const maxTrailers = 16_384

export class BodyDecoder {
  readonly #framing: BodyFraming
  /** Payload bytes that this chunk, or the whole body, still lacks. */
  #left: number
  #state: 'size' | 'payload' | 'after-payload' | 'trailers' | 'done' | 'broken'
  #line = ''
  #trailerBytes = 0
  #position = 0
  #excess = 0
  #error: string | null = null

  constructor(framing: BodyFraming) {
    this.#framing = framing
    this.#left = framing.kind === 'length' ? framing.length : framing.kind === 'until-close' ? Infinity : 0
    this.#state = framing.kind === 'chunked' ? 'size' : this.#left > 0 ? 'payload' : 'done'
    if (framing.kind === 'faulty') this.#break(framing.what)
  }

  /** The body is complete. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /** What is wrong with the framing, or null. Nothing is decoded after an error. */
  get error(): string | null {
    return this.#error
  }

  /** Number of bytes received after the end of the body. */
  get excess(): number {
    return this.#excess
  }

  /** Takes the next bytes after the head and returns the payload among them, as views. */
  push(bytes: Uint8Array): BodyPiece[] {
    const pieces: BodyPiece[] = []
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'payload') {
        const piece = bytes.subarray(at, Math.min(bytes.length, at + this.#left))
        pieces.push({ bytes: piece, at: this.#position + at })
        at += piece.length
        this.#left -= piece.length
        if (this.#left === 0) this.#state = this.#framing.kind === 'chunked' ? 'after-payload' : 'done'
      } else if (this.#state === 'done' || this.#state === 'broken') {
        this.#excess += bytes.length - at
        at = bytes.length
      } else {
        this.#frame(bytes[at] ?? 0)
        at += 1
      }
    }
    this.#position += bytes.length
    return pieces
  }

  /** One byte of chunk framing. */
  #frame(byte: number): void {
    if (this.#state === 'trailers') this.#trailerBytes += 1
    if (byte !== 0x0a) {
      this.#line += String.fromCharCode(byte)
      if (this.#line.length > maxFramingLine || this.#trailerBytes > maxTrailers)
        this.#break('an endless line of chunk framing')
      return
    }
    // A bare LF is accepted as a line end, as RFC 9112 2.2 allows.
    const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line
    this.#line = ''
    if (this.#state === 'after-payload') {
      if (line === '') this.#state = 'size'
      else this.#break('a chunk that is longer than its size says')
    } else if (this.#state === 'trailers') {
      if (line === '') this.#state = 'done'
    } else this.#size(line)
  }

  #size(line: string): void {
    const digits = /^([0-9a-fA-F]{1,13})[ \t]*(?:;.*)?$/s.exec(line)?.[1]
    if (digits === undefined) {
      this.#break('a chunk size that is not a hexadecimal number')
      return
    }
    this.#left = Number.parseInt(digits, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'payload'
  }

  #break(what: string): void {
    this.#error = what
    this.#state = 'broken'
    this.#line = ''
  }
}
