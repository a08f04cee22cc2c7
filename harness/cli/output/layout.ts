import { columns } from '#reports/escape/terminal'

/** Fewer columns than these make no column to read: the text goes below instead. */
const least = 30

/**
 * A text behind its heading, continued under its own beginning; below the heading where there is hardly room beside
 * it. Words are never broken: addresses and paths stay fit to be copied. `width`: Infinity for one line, as whoever
 * searches line by line needs it.
 */
export function behind(heading: string, text: string, width: number): string {
  const at = columns(heading)
  const longest = Math.max(...text.split(' ').map(columns))
  const isBeside = width - at >= Math.max(least, longest)
  const indent = ' '.repeat(isBeside ? at : Math.min(4, at))
  const lines = folded(text, width - indent.length)
  if (!isBeside) return [heading.trimEnd(), ...lines.map((line) => indent + line)].join('\n')
  return lines.map((line, index) => (index === 0 ? heading : indent) + line).join('\n')
}

/** Lines of at most so many columns, broken at spaces alone. */
export function folded(text: string, width: number): readonly string[] {
  if (columns(text) <= width) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`
    if (line !== '' && columns(joined) > width) {
      lines.push(line)
      line = word
    } else line = joined
  }
  return [...lines, line]
}
