/** Enough for what is said now and then; a socket that stands idle keeps no more. */
const small = 2048
const large = 64 * 1024

/** Small ones out of Node's pool, which is far cheaper than memory of their own. */
function allocate(size: number): Buffer {
  return size === small ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size)
}

/**
 * Reads a socket into a buffer of its own, by the `onread` of `net.connect`: bytes that are passed on at once need no
 * new buffer for each piece. A read that fills the buffer makes it a large one, a short read a small one again.
 */
export class SocketReader {
  /** Takes bytes; true where somebody still needs them, so that nothing may be written over them. */
  onData: (data: Buffer) => boolean = () => false
  /** Whether bytes taken now would be needed for longer. */
  keepsData: () => boolean = () => false
  readonly onread = { buffer: () => this.#buffer, callback: (length: number) => this.#read(length) }
  #buffer = allocate(small)

  #read(length: number): true {
    const buffer = this.#buffer
    const view = buffer.subarray(0, length)
    // A few bytes must not hold on to a whole large buffer.
    const copies = length < buffer.length / 4 && this.keepsData()
    const isKept = this.onData(copies ? Buffer.from(view) : view) && !copies
    const size = length === buffer.length ? large : length <= small ? small : buffer.length
    if (isKept || size !== buffer.length) this.#buffer = allocate(size)
    return true
  }
}
