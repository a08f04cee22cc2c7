import { atLeast, toxic } from '#proxies/embedded/toxics/toxic'
import type { Chunk } from '#proxies/embedded/toxics/toxic'

interface CorruptSettings {
  readonly [name: string]: number
  /** The byte of this direction to change first, counted from 0. */
  readonly offset: number
  /** Bytes to change from there on, one behind the other; 0: none. */
  readonly length: number
  /** Bits to flip in each of them: 1 to 255. */
  readonly mask: number
  /** Besides, so many bytes in a million, at random places. */
  readonly rate: number
}

/** Flips bits, at a place, or at a rate; the number of bytes stays the same. Not in Toxiproxy. */
export const corrupt = toxic<CorruptSettings>({
  type: 'corrupt',
  goName: 'CorruptToxic',
  settings: {
    offset: atLeast(0, 'bytes'),
    length: atLeast(0, 'bytes'),
    mask: { unit: 'bits', min: 1, max: 255 },
    rate: { unit: 'per million', min: 0, max: 1_000_000 },
  },
  pipe: (out, settings) => {
    let { offset, length, mask, rate } = settings
    let passed = 0
    const change = (chunk: Chunk): Chunk => {
      const from = Math.max(0, offset - passed)
      const to = Math.min(chunk.data.length, offset + length - passed)
      if (from >= to && rate === 0) return chunk
      // The bytes may be shared with whoever read them.
      const data = Buffer.from(chunk.data)
      for (let place = from; place < to; place++) data[place] = (data[place] ?? 0) ^ mask
      if (rate > 0) {
        for (let place = 0; place < data.length; place++) {
          // A byte that is changed once must not be changed back.
          if (out.random() * 1_000_000 < rate && !(place >= from && place < to))
            data[place] = (data[place] ?? 0) ^ mask
        }
      }
      return { data, readAt: chunk.readAt }
    }
    return {
      full: false,
      due: null,
      write: (chunk) => {
        out.write(change(chunk))
        passed += chunk.data.length
      },
      end: () => out.end(),
      update: (changed) => {
        ;({ offset, length, mask, rate } = changed)
      },
      release: () => undefined,
      dispose: () => undefined,
    }
  },
})
