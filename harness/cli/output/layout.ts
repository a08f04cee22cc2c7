import { columns, wrapWords } from '#reports/escape/terminal'

/** A text column with fewer columns than this is hard to read: the text goes below its heading instead. */
const minimumWidth = 30

/**
 * A text to the right of its heading; further lines start below the start of the text. If the text column would be too
 * narrow, the text goes below the heading. Words are never broken, so that URLs and paths can be copied.
 * @param width columns of the terminal; Infinity for one line, which suits `grep`.
 */
export function hangingIndent(heading: string, text: string, width: number): string {
  const at = columns(heading)
  const longestWord = Math.max(...text.split(' ').map(columns))
  const isBeside = width - at >= Math.max(minimumWidth, longestWord)
  const indent = ' '.repeat(isBeside ? at : Math.min(4, at))
  const lines = folded(text, width - indent.length)
  if (!isBeside) return [heading.trimEnd(), ...lines.map((line) => indent + line)].join('\n')
  return lines.map((line, index) => (index === 0 ? heading : indent) + line).join('\n')
}

/** Lines of at most this many columns, broken only at spaces. */
export function folded(text: string, width: number): readonly string[] {
  return columns(text) <= width ? [text] : wrapWords(text, width)
}
