/** Stretches that are kept; a body in more pieces is not mapped behind them. */
const most = 20_000

interface Stretch {
  readonly body: number
  readonly raw: number
  length: number
}

/** Where the bytes of a body stood among the bytes that carried it, framing included. */
export class PlaceMap {
  readonly #stretches: Stretch[] = []
  #size = 0
  #full = false

  /** The next `length` bytes of the body began at `raw`. */
  add(raw: number, length: number): void {
    const last = this.#stretches.at(-1)
    if (!this.#full && last !== undefined && last.raw + last.length === raw) last.length += length
    else if (this.#stretches.length < most) this.#stretches.push({ body: this.#size, raw, length })
    else this.#full = true
    this.#size += length
  }

  /**
   * Carried bytes before the body's byte at this offset. For the offset behind the last byte: as many as carried
   * the body so far, framing that follows not counted. Null where it is not known.
   */
  rawOf(offset: number): number | null {
    const found = this.#stretches.findLast(({ body }) => body < offset || (offset === 0 && body === 0))
    if (found === undefined || offset > found.body + found.length) return null
    return found.raw + offset - found.body
  }
}
