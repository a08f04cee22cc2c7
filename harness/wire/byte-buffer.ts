/** Appended bytes up to a limit; bytes beyond it are counted, not kept. */
export class ByteBuffer {
  readonly #limit: number
  #bytes = new Uint8Array(0)
  #kept = 0
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes appended so far, kept or not. */
  get size(): number {
    return this.#size
  }

  /** True when bytes were dropped. */
  get truncated(): boolean {
    return this.#size > this.#kept
  }

  append(bytes: Uint8Array): void {
    this.#size += bytes.length
    const length = Math.min(bytes.length, this.#limit - this.#kept)
    if (length <= 0) return
    this.#grow(this.#kept + length)
    this.#bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length), this.#kept)
    this.#kept += length
  }

  /** The kept bytes. A view: appending does not change it, `clear` and `take` do. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#kept)
  }

  /** A copy of the kept bytes; the buffer is empty afterwards. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#kept)
    this.clear()
    return taken
  }

  clear(): void {
    this.#kept = 0
    this.#size = 0
    // Memory for one very long line is not held for the rest of the stream.
    if (this.#bytes.length > 65_536) this.#bytes = new Uint8Array(0)
  }

  #grow(needed: number): void {
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(needed, this.#bytes.length * 2, 256)))
    grown.set(this.#bytes.subarray(0, this.#kept))
    this.#bytes = grown
  }
}
