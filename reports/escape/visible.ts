/**
 * Characters that could control a terminal, hide or reorder text, or break a format: control characters, invisible and
 * bidirectional marks, line separators, lone surrogates, noncharacters, and four or more combining marks in a row. Every
 * text report makes them visible before it escapes a field for its format.
 */
const harmful =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]|\p{M}{4,}/gu

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The text on one line, with harmful characters as escapes: ESC becomes `\x1b`, a bidi override `\u202e`. */
export function visible(text: string): string {
  return text.replace(harmful, (run) => Array.from(run, escaped).join(''))
}

/** The same for a block of text: line breaks stay. */
export function visibleLines(text: string): string {
  return text
    .split(/\r\n|\n/)
    .map(visible)
    .join('\n')
}

/** A character as an escape in JavaScript. */
function escaped(character: string): string {
  const short = shortEscapes[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0) ?? 0
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`
  return `\\u{${code.toString(16)}}`
}

/** At most `limit` UTF-16 units, without half a character, and how many were left out. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  const kept = Array.from(text.slice(0, limit + 1))
  kept.pop()
  const shown = kept.join('')
  return `${shown} … (${text.length - shown.length} more characters)`
}
