import { visible } from './visible.ts'

/**
 * A value as a code span, in which nothing becomes a link, a mention, an issue, an image or HTML. `|` is escaped because
 * tables (GitHub Flavored Markdown, "Tables") are split into cells before code spans are read.
 */
export function code(text: string): string {
  const shown = visible(text)
  if (shown.trim() === '') return shown === '' ? '(empty)' : '(blank)'
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = /^`|`$|^ .* $/.test(shown) ? ' ' : ''
  // A backslash right before `|` would undo the escape, so the bars of such a value are written as `\x7c`.
  const cells = /\\\|/.test(shown) ? shown.replaceAll('|', '\\x7c') : shown.replaceAll('|', '\\|')
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

/** Words without a meaning in Markdown. */
const harmless = /^[\p{L}\p{N}%°,;()/"'’=+—–×·…≥≤µ?]*(?:[-.!:][\p{L}\p{N}%,;()/"'’=+]+)*[.!:?]?$/u
const risky = /^\d+[.)]$|^[-+=]+$|^www\.|:\/\/|^\(*(?:GH-\d+|[0-9a-f]{7,})[^\p{L}]*$|:[\w+-]+:/iu

/**
 * A sentence as running text on one line, also for a table cell. Words that could become a link, a mention, an issue, an
 * emoji or markup are put in code spans.
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
