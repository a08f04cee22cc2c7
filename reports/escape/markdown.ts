import { visible } from './visible.ts'

/**
 * A value as a code span: nothing in it is a link, a mention, an issue, an image or HTML. `|` is escaped because
 * tables (GitHub Flavored Markdown, "Tables") split cells before they read code spans.
 */
export function code(text: string): string {
  const clean = visible(text)
  if (clean.trim() === '') return clean === '' ? '(empty)' : '(blank)'
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = /^`|`$|^ .* $/.test(clean) ? ' ' : ''
  // A backslash right before `|` would eat the escape of it: such a value gives up its bars instead.
  const cells = /\\\|/.test(clean) ? clean.replaceAll('|', '\\x7c') : clean.replaceAll('|', '\\|')
  return fence + pad + cells + pad + fence
}

/** A value as a code block. */
export function codeBlock(lines: readonly string[], language = ''): string {
  const clean = lines.map(visible)
  const longest = Math.max(
    2,
    ...clean.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)),
  )
  const fence = '`'.repeat(longest + 1)
  return [fence + language, ...clean, fence].join('\n')
}

/** Words that stay as they are: nothing in them means anything to a Markdown reader. */
const harmless = /^[\p{L}\p{N}%°,;()/"'’=+—–×·…≥≤µ?]*(?:[-.!:][\p{L}\p{N}%,;()/"'’=+]+)*[.!:?]?$/u
const risky = /^\d+[.)]$|^[-+=]+$|^www\.|:\/\/|^\(*(?:GH-\d+|[0-9a-f]{7,})[^\p{L}]*$|:[\w+-]+:/iu

/**
 * A sentence of ours as running text: words that could become a link, a mention, an issue, an emoji or markup are
 * put in code spans, the others stay. On one line, and fit for a table cell.
 */
export function prose(text: string): string {
  const words = visible(text)
    .split(' ')
    .filter((word) => word !== '')
  const runs: { readonly plain: boolean; readonly words: string[] }[] = []
  for (const word of words) {
    const plain = harmless.test(word) && !risky.test(word)
    const last = runs.at(-1)
    if (last !== undefined && last.plain === plain) last.words.push(word)
    else runs.push({ plain, words: [word] })
  }
  return runs.map((run) => (run.plain ? run.words.join(' ') : code(run.words.join(' ')))).join(' ')
}
