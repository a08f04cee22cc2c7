/** HTML, parsing an event stream: CR LF, LF and CR end a line, and nothing else does. */
export function splitLines(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/)
}

/** Lines of any bytes: what is no UTF-8 becomes U+FFFD; a BOM is content here, as the stream has begun. */
export function decodeLines(data: Uint8Array): readonly string[] {
  return splitLines(new TextDecoder('utf-8', { ignoreBOM: true }).decode(data))
}

/** A `data` field for each line. */
export function encodeLines(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.map((line) => `data: ${line}\n`).join(''))
}

/** One field. The space behind the colon is dropped by the client, so that a value may start with one. */
export function encodeField(name: 'id' | 'event', value: string): Uint8Array {
  return Buffer.from(`${name}: ${value}\n`)
}
