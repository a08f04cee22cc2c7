/** Bytes as people read them: sixteen to a row unless told, two by two, with what of them is printable ASCII beside. */

export interface HexRow {
  /** `4745 5420 2f20 4854`, filled up to a whole row with spaces. */
  readonly bytes: string
  /** `GET / HT`; a dot for what is not printable. */
  readonly ascii: string
}

export interface HexDump {
  readonly rows: readonly HexRow[]
  /** Said behind the last row: `… 12 more bytes`, `…` where nobody knows how many; empty for the whole. */
  readonly rest: string
}

/**
 * Reads the `hex` of a transcript entry, of which at most `limit` bytes are shown. What is no hex (it should not be
 * there) is given back as it came, for the format to escape. `perRow`: bytes to a row, an even number.
 */
export function hexDump(hex: string, limit: number, perRow = 16): HexDump {
  const whole = hex.endsWith('..') ? hex.slice(0, -2) : hex
  if (!/^(?:[0-9a-f]{2})*$/i.test(whole))
    return { rows: [{ bytes: hex.slice(0, 2 * limit), ascii: '' }], rest: '' }
  const bytes = Buffer.from(whole.slice(0, 2 * limit), 'hex')
  const rows: HexRow[] = []
  for (let at = 0; at < bytes.length; at += perRow) rows.push(rowOf(bytes.subarray(at, at + perRow), perRow))
  const left = whole.length / 2 - bytes.length
  const unknown = whole.length < hex.length
  if (left === 0) return { rows, rest: unknown ? '…' : '' }
  return { rows, rest: `… ${unknown ? 'at least ' : ''}${left} more bytes` }
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
