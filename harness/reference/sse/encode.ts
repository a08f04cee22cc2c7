/** Lines of a text: only CR LF, LF and CR end a line (HTML, parsing an event stream). */
export function splitLines(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/)
}

/** Lines of any bytes. Invalid UTF-8 becomes U+FFFD. A byte order mark is content, since the stream has begun. */
export function decodeLines(data: Uint8Array): readonly string[] {
  return splitLines(new TextDecoder('utf-8', { ignoreBOM: true }).decode(data))
}

/** One `data` field per line. */
export function encodeLines(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.map((line) => `data: ${line}\n`).join(''))
}

/** One `data` field per line, each character as one byte: what a mutant sends instead of UTF-8. */
export function encodeLatin1Lines(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.map((line) => `data: ${line}\n`).join(''), 'latin1')
}

/** One field. Clients drop the space after the colon, so that a value can start with a space. */
export function encodeField(name: 'id' | 'event', value: string): Uint8Array {
  return Buffer.from(`${name}: ${value}\n`)
}
