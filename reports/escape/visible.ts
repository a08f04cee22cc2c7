/**
 * What could steer a terminal, hide or reorder text, or break a format is shown instead of sent: control
 * characters, invisible and bidirectional marks, line separators, lone surrogates, noncharacters, and piles of
 * combining marks. Every text report passes its fields through here before its own escaping.
 */
const steering =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]|\p{M}{4,}/gu

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The text on one line, with nothing in it that acts: ESC becomes `\x1b`, a bidi override `\u202e`. */
export function visible(text: string): string {
  return text.replace(steering, (run) => Array.from(run, written).join(''))
}

/** The same, but with its line breaks kept: for blocks of text. */
export function visibleLines(text: string): string {
  return text
    .split(/\r\n|\n/)
    .map(visible)
    .join('\n')
}

/** A character as JavaScript writes it in a string. */
export function written(character: string): string {
  const known = short[character]
  if (known !== undefined) return known
  const code = character.codePointAt(0) ?? 0
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`
  return `\\u{${code.toString(16)}}`
}

/** At most `limit` characters (never half of one), and how many were left out. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  const kept = Array.from(text.slice(0, limit + 1))
  kept.pop()
  const shown = kept.join('')
  return `${shown} … (${text.length - shown.length} more characters)`
}
