import { createHash } from 'node:crypto'

/** Octets written as hex, with spaces where they help the reader. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
}

/** As many octets of one value. */
export function filled(length: number, value = 0x61): Uint8Array {
  return new Uint8Array(length).fill(value)
}

/** What Sec-WebSocket-Accept must be for a key (RFC 6455 4.2.2). */
export function acceptValueOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}
