/** Bytes that only grow, up to a limit: what lies beyond it is counted, not kept. */
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
    const room = Math.min(bytes.length, this.#limit - this.#kept)
    if (room <= 0) return
    this.#grow(this.#kept + room)
    this.#bytes.set(room === bytes.length ? bytes : bytes.subarray(0, room), this.#kept)
    this.#kept += room
  }

  /** What is kept. A view: it stays as it is when more is appended, but not after `clear`. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#kept)
  }

  /** A copy of what is kept, and an empty buffer behind it. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#kept)
    this.clear()
    return taken
  }

  clear(): void {
    this.#kept = 0
    this.#size = 0
    // A giant of the past is not carried along.
    if (this.#bytes.length > 65_536) this.#bytes = new Uint8Array(0)
  }

  #grow(needed: number): void {
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(needed, this.#bytes.length * 2, 256)))
    grown.set(this.#bytes.subarray(0, this.#kept))
    this.#bytes = grown
  }
}
