import { visible } from './visible.ts'

/** A field as a terminal may show it; in ASCII mode every other character is written as its escape too. */
export function terminalText(text: string, ascii: boolean): string {
  const clean = visible(text)
  return ascii ? toAscii(clean) : clean
}

const plain: Readonly<Record<string, string>> = {
  '…': '...',
  '–': '-',
  '—': '-',
  '·': '-',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '→': '->',
  '×': 'x',
  '≥': '>=',
  '≤': '<=',
  µ: 'u',
  '§': 'section ',
}

function toAscii(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    return (
      plain[character] ??
      (code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`)
    )
  })
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** How many columns a text takes: two for the wide characters of East Asia and for emoji, none for combining marks. */
export function columns(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let count = 0
  for (const character of text) count += /\p{M}/u.test(character) ? 0 : wide.test(character) ? 2 : 1
  return count
}

/** Breaks a text at spaces into lines of at most `width` columns; a longer word is broken where it must. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`
    if (columns(joined) <= width) {
      line = joined
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (columns(line) > width) {
      const head = fitting(line, width)
      lines.push(head)
      line = line.slice(head.length)
    }
  }
  lines.push(line)
  return lines
}

function fitting(text: string, width: number): string {
  let head = ''
  let used = 0
  for (const character of text) {
    used += columns(character)
    if (used > width && head !== '') return head
    head += character
  }
  return head
}

/** Fills up to `width` columns. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)))
}
