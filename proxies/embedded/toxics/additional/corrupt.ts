import { atLeast, toxic } from '#proxies/embedded/toxics/toxic'
import type { Chunk } from '#proxies/embedded/toxics/toxic'

interface CorruptSettings {
  readonly [name: string]: number
  /** Index of the first byte of this direction to change, from 0. */
  readonly offset: number
  /** How many consecutive bytes to change from there on; 0: none. */
  readonly length: number
  /** Bits to flip in each of them: 1 to 255. */
  readonly mask: number
  /** How many bytes in a million to change besides, at random places. */
  readonly rate: number
}

/** Flips bits at a place or at a rate. The number of bytes stays the same. Not in Toxiproxy. */
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
      // The buffer belongs to the reader, which may use it again.
      const data = Buffer.from(chunk.data)
      for (let place = from; place < to; place++) data[place] = (data[place] ?? 0) ^ mask
      if (rate > 0) {
        for (let place = 0; place < data.length; place++) {
          // A byte that is already changed must not be changed back.
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
