import { createHash } from 'node:crypto'

/** Bytes from hexadecimal digits; white space between them is ignored. `hex('81 05')` is two bytes. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
}

/** `length` bytes of one value; the letter `a` by default, so that they are valid UTF-8. */
export function filled(length: number, value = 0x61): Uint8Array {
  return new Uint8Array(length).fill(value)
}

/** The Sec-WebSocket-Accept that a server has to answer this Sec-WebSocket-Key with (RFC 6455 4.2.2). */
export function acceptValueOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/**
 * The p-th percentile of measured values by the nearest rank: always one of the values, rounded to hundredths.
 *
 * @param p from 0 to 100.
 * @throws RangeError if there are no values.
 */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new RangeError('no values to take a percentile of')
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil((p / 100) * sorted.length)))
  return Math.round((sorted[rank - 1] ?? 0) * 100) / 100
}
