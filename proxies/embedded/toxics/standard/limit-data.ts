import { anyNumber, toxic } from '#proxies/embedded/toxics/toxic'

interface LimitDataSettings {
  readonly [name: string]: number
  /** Bytes of this direction that pass before the connection is closed. */
  readonly bytes: number
}

/**
 * Passes exactly `bytes` bytes and then closes the connection, as soon as the count is reached, also with the last byte of a
 * message. With 0 or less, the first chunk is dropped and closes the connection. The count continues after an update.
 */
export const limitData = toxic<LimitDataSettings>({
  type: 'limit_data',
  goName: 'LimitDataToxic',
  settings: { bytes: anyNumber('bytes') },
  pipe: (out, settings) => {
    let limit = settings.bytes
    let passed = 0
    return {
      full: false,
      due: null,
      write: (chunk) => {
        const left = Math.max(0, limit - passed)
        const data = chunk.data.length <= left ? chunk.data : chunk.data.subarray(0, left)
        passed += data.length
        if (data.length > 0) out.write({ data, readAt: chunk.readAt })
        if (passed >= limit) out.end()
      },
      end: () => out.end(),
      update: (changed) => {
        limit = changed.bytes
      },
      release: () => undefined,
      dispose: () => undefined,
    }
  },
})
