/** UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing over U+10FFFF. */

/** Validates text that comes in pieces, and tells of the first wrong byte at once, not at the end. */
export class Utf8Validator {
  /** Continuation bytes that are still to come, and the range that the next of them must be in. */
  #missing = 0
  #low = 0x80
  #high = 0xbf
  #valid = true

  /** Takes the next piece. False as soon as no further byte can mend it; it stays so. */
  push(bytes: Uint8Array): boolean {
    for (const byte of bytes) {
      if (!this.#valid) return false
      this.#valid = this.#missing > 0 ? this.#continues(byte) : this.#begins(byte)
    }
    return this.#valid
  }

  /** True when what came is valid and no character is unfinished. */
  end(): boolean {
    return this.#valid && this.#missing === 0
  }

  #continues(byte: number): boolean {
    if (byte < this.#low || byte > this.#high) return false
    this.#missing -= 1
    this.#low = 0x80
    this.#high = 0xbf
    return true
  }

  #begins(byte: number): boolean {
    if (byte < 0x80) return true
    if (byte < 0xc2 || byte > 0xf4) return false
    this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    if (byte === 0xe0) this.#low = 0xa0
    if (byte === 0xed) this.#high = 0x9f
    if (byte === 0xf0) this.#low = 0x90
    if (byte === 0xf4) this.#high = 0x8f
    return true
  }
}

export function isUtf8(bytes: Uint8Array): boolean {
  const validator = new Utf8Validator()
  validator.push(bytes)
  return validator.end()
}

/** The text, a byte order mark included, or null where the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') : null
}

export function encodeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
