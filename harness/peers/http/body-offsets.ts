/** Spans kept; in a body of more pieces, later offsets are unknown. */
const maxSpans = 20_000

interface Span {
  readonly body: number
  readonly raw: number
  length: number
}

/** Maps offsets in a body to offsets in the bytes that carried it, framing included. */
export class BodyOffsetMap {
  readonly #spans: Span[] = []
  #size = 0
  #full = false

  /** The next `length` bytes of the body were carried from offset `raw` on. */
  add(raw: number, length: number): void {
    const last = this.#spans.at(-1)
    if (!this.#full && last !== undefined && last.raw + last.length === raw) last.length += length
    else if (this.#spans.length < maxSpans) this.#spans.push({ body: this.#size, raw, length })
    else this.#full = true
    this.#size += length
  }

  /**
   * Number of carried bytes before the body's byte at `offset`. For the offset after the last byte: the bytes that
   * carried the body so far, without framing that follows. Null if it is unknown.
   */
  rawOffsetOf(offset: number): number | null {
    const found = this.#spans.findLast(({ body }) => body < offset || (offset === 0 && body === 0))
    if (found === undefined || offset > found.body + found.length) return null
    return found.raw + offset - found.body
  }
}
