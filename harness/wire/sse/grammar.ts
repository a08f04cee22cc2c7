/**
 * Violations of the grammar of an event stream, and fields that no client understands. A lenient parser reads on after
 * them (HTML, "parsing an event stream" and "interpreting an event stream").
 */

import { decodeUtf8 } from '#wire/utf8'

export interface GrammarProblem {
  readonly rule:
    | 'utf8'
    | 'bom'
    | 'unknown-field'
    | 'field-case'
    | 'id-nul'
    | 'retry-not-digits'
    | 'unterminated'
  readonly what: string
  /** Offset in the body. */
  readonly offset: number
}

const fieldNames: ReadonlySet<string> = new Set(['data', 'event', 'id', 'retry'])

/** Problems of one line that is not empty. `bytes`: the line without its line end and without the stream's BOM. */
export function problemsOfLine(
  bytes: Uint8Array,
  name: string | null,
  value: string,
  offset: number,
): GrammarProblem[] {
  const found: GrammarProblem[] = invalidUtf8(bytes).map((at) => ({
    rule: 'utf8',
    what: `the byte 0x${(bytes[at] ?? 0).toString(16).padStart(2, '0')} is not part of any UTF-8 character`,
    offset: offset + at,
  }))
  if (name === null) return found
  const problem = problemOfField(name, value)
  if (problem !== null) found.push({ ...problem, offset })
  return found
}

function problemOfField(name: string, value: string): Omit<GrammarProblem, 'offset'> | null {
  if (name.startsWith('\uFEFF')) return { rule: 'bom', what: 'a field name begins with a byte order mark' }
  if (!fieldNames.has(name)) {
    const shown = JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}..` : name)
    if (fieldNames.has(name.toLowerCase()))
      return { rule: 'field-case', what: `the field name ${shown} is not in lower case` }
    return { rule: 'unknown-field', what: `${shown} is not a field name that clients know` }
  }
  if (name === 'id' && value.includes('\0'))
    return { rule: 'id-nul', what: 'an id contains NUL, so clients ignore it' }
  if (name === 'retry' && !/^[0-9]+$/.test(value)) {
    return { rule: 'retry-not-digits', what: 'a retry value is not ASCII digits only, so clients ignore it' }
  }
  return null
}

/**
 * Offsets at which a UTF-8 decoder would put a replacement character: the starts of the maximal invalid parts
 * (Unicode 3.9, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF). TextDecoder says whether bytes
 * are UTF-8, but not where they are not: a report names the byte.
 */
function invalidUtf8(bytes: Uint8Array, atMost = 64): number[] {
  const found: number[] = []
  if (decodeUtf8(bytes) !== null) return found
  let at = 0
  while (at < bytes.length && found.length < atMost) {
    const lead = bytes[at] ?? 0
    if (lead < 0x80) {
      at += 1
      continue
    }
    const length = lengthOf(lead)
    let good = 1
    while (good < length && continues(bytes[at + good], lead, good)) good += 1
    if (length === 0 || good < length) found.push(at)
    at += good
  }
  return found
}

/** Length of the sequence that begins with this byte; 0 if none can. */
function lengthOf(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2
  if (lead >= 0xe0 && lead <= 0xef) return 3
  if (lead >= 0xf0 && lead <= 0xf4) return 4
  return 0
}

function continues(byte: number | undefined, lead: number, place: number): boolean {
  if (byte === undefined) return false
  if (place > 1) return byte >= 0x80 && byte <= 0xbf
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  return byte >= low && byte <= high
}
