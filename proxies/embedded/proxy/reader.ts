/** Bytes. Enough for occasional small messages; an idle socket keeps no more memory than this. */
const smallSize = 2048
const largeSize = 64 * 1024

/** Small buffers come from Node's pool, which is far cheaper than separate memory. */
function allocate(size: number): Buffer {
  return size === smallSize ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size)
}

/**
 * Reads a socket into one buffer that is used again, by the `onread` option of `net.connect`: bytes that are passed on at
 * once need no new buffer. A read that fills the buffer makes the next one large; a short read makes it small again.
 */
export class SocketReader {
  /** Receives bytes. Returns true if they are still needed, so that the buffer must not be used again. */
  onData: (data: Buffer) => boolean = () => false
  /** Whether `onData` would keep the bytes that it receives now. */
  keepsData: () => boolean = () => false
  readonly onread = { buffer: () => this.#buffer, callback: (length: number) => this.#read(length) }
  #buffer = allocate(smallSize)

  #read(length: number): true {
    const buffer = this.#buffer
    const view = buffer.subarray(0, length)
    // A few kept bytes must not keep a whole large buffer in memory.
    const isCopied = length < buffer.length / 4 && this.keepsData()
    const isKept = this.onData(isCopied ? Buffer.from(view) : view) && !isCopied
    const size = length === buffer.length ? largeSize : length <= smallSize ? smallSize : buffer.length
    if (isKept || size !== buffer.length) this.#buffer = allocate(size)
    return true
  }
}
