/** Bytes as people read them: rows of pairs, with the printable ASCII characters beside them. */

interface HexRow {
  /** `4745 5420 2f20 4854`, filled with spaces up to a whole row. */
  readonly bytes: string
  /** `GET / HT`; a dot for a byte that is not printable. */
  readonly ascii: string
}

export interface HexDump {
  readonly rows: readonly HexRow[]
  /** What is missing after the last row: `… 12 more bytes`; `…` if the number is unknown; empty if nothing is. */
  readonly rest: string
}

/**
 * Reads the `hex` of a transcript entry and shows at most `limit` bytes. Text that is not hex (there should be none) is
 * returned unchanged, for the format to escape. `perRow`: bytes per row, an even number.
 */
export function hexDump(hex: string, limit: number, perRow = 16): HexDump {
  const whole = hex.endsWith('..') ? hex.slice(0, -2) : hex
  if (!/^(?:[0-9a-f]{2})*$/i.test(whole))
    return { rows: [{ bytes: hex.slice(0, 2 * limit), ascii: '' }], rest: '' }
  const bytes = Buffer.from(whole.slice(0, 2 * limit), 'hex')
  const rows: HexRow[] = []
  for (let at = 0; at < bytes.length; at += perRow) rows.push(rowOf(bytes.subarray(at, at + perRow), perRow))
  const missing = whole.length / 2 - bytes.length
  const isCut = whole.length < hex.length
  if (missing === 0) return { rows, rest: isCut ? '…' : '' }
  return { rows, rest: `… ${isCut ? 'at least ' : ''}${missing} more bytes` }
}

function rowOf(bytes: Uint8Array, perRow: number): HexRow {
  const text = Buffer.from(bytes).toString('hex')
  const ascii = Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
  return {
    bytes: text.replace(/(.{4})(?=.)/g, '$1 ').padEnd(perRow * 2 + perRow / 2 - 1),
    ascii: ascii.join(''),
  }
}

/** The rows as lines of plain text. */
export function hexLines({ rows, rest }: HexDump): readonly string[] {
  const lines = rows.map(({ bytes, ascii }) => (ascii === '' ? bytes : `${bytes}  ${ascii}`.trimEnd()))
  return rest === '' ? lines : [...lines, rest]
}
