/** Why bytes are not UTF-8 (RFC 3629). */
export type Utf8Error =
  | 'utf8-overlong'
  | 'utf8-surrogate'
  | 'utf8-too-large'
  | 'utf8-truncated'
  | 'utf8-lone-continuation'
  | 'utf8-invalid-byte'

/**
 * Checks UTF-8 byte by byte (RFC 3629), and reports an error at the first byte that no valid text can have at its
 * position.
 */
export class Utf8Check {
  /** Continuation bytes that are still missing. */
  #pending = 0
  /** Bounds of the next continuation byte, which the lead byte may narrow, and the error for a byte outside them. */
  #low = 0x80
  #high = 0xbf
  #outside: Utf8Error = 'utf8-truncated'

  /** The first error, or null. */
  feed(bytes: Buffer): Utf8Error | null {
    for (const byte of bytes) {
      const error = this.#pending === 0 ? this.#lead(byte) : this.#continue(byte)
      if (error !== null) return error
    }
    return null
  }

  /** Call after the last byte. */
  end(): Utf8Error | null {
    return this.#pending === 0 ? null : 'utf8-truncated'
  }

  #lead(byte: number): Utf8Error | null {
    if (byte < 0x80) return null
    if (byte < 0xc0) return 'utf8-lone-continuation'
    if (byte < 0xc2) return 'utf8-overlong'
    if (byte >= 0xfe) return 'utf8-invalid-byte'
    if (byte > 0xf4) return 'utf8-too-large'
    this.#pending = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    this.#low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80
    this.#high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf
    this.#outside =
      byte === 0xe0 || byte === 0xf0
        ? 'utf8-overlong'
        : byte === 0xed
          ? 'utf8-surrogate'
          : byte === 0xf4
            ? 'utf8-too-large'
            : 'utf8-truncated'
    return null
  }

  #continue(byte: number): Utf8Error | null {
    if (byte < 0x80 || byte > 0xbf) return 'utf8-truncated'
    if (byte < this.#low || byte > this.#high) return this.#outside
    this.#pending -= 1
    this.#low = 0x80
    this.#high = 0xbf
    return null
  }
}

/** The first error, or null if the bytes are UTF-8. */
export function utf8Error(bytes: Buffer): Utf8Error | null {
  const check = new Utf8Check()
  return check.feed(bytes) ?? check.end()
}
