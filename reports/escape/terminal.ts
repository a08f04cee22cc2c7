import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'
import { visible } from './visible.ts'

/** A text as a terminal may show it. In ASCII mode, other characters are written as escapes. */
export function terminalText(text: string, ascii: boolean): string {
  const harmless = visible(text)
  return ascii ? toAscii(harmless) : harmless
}

const asciiForms: Readonly<Record<string, string>> = {
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
      asciiForms[character] ??
      (code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`)
    )
  })
}

/** How many columns a terminal gives to a text without escape sequences. */
export function columns(text: string): number {
  return stringWidth(text)
}

/**
 * Breaks a text at spaces into lines of at most `width` columns, and a longer word where it must. Composes characters
 * (NFC), which looks the same.
 */
export function wrap(text: string, width: number): string[] {
  return wrapAnsi(text, width, { hard: true }).split('\n')
}

/** The same, but never breaks a word: a longer one has a line of its own, so that it can be copied. */
export function wrapWords(text: string, width: number): string[] {
  return wrapAnsi(text, width).split('\n')
}

/** Adds spaces up to `width` columns. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)))
}
