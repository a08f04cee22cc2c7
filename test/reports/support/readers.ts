import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Small readers of the formats, independent of the writers, and a real browser if this machine has one. */

/** The tags of a page in order, each with the names of its attributes, without texts and values. */
export function tagsOf(page: string): string[] {
  const tags: string[] = []
  let at = 0
  for (;;) {
    const start = page.indexOf('<', at)
    if (start === -1) return tags
    const tag = /<(\/?[a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*(\/?)>|<!doctype html>/iy
    tag.lastIndex = start
    const found = tag.exec(page)
    if (found === null) throw new Error(`not a tag: ${JSON.stringify(page.slice(start, start + 60))}`)
    const name = (found[1] ?? 'doctype').toLowerCase()
    const attributes = [...(found[2] ?? '').matchAll(/\s([a-z-]+)(?:="[^"]*")?/gi)].map(([, name]) => name)
    tags.push([name, ...attributes].join(' '))
    at = tag.lastIndex
    // Style and script contain raw text up to their end tag, which a hostile `</script>` would end.
    if (name === 'style' || name === 'script') at = page.toLowerCase().indexOf(`</${name}`, at)
  }
}

const voidTags = new Set(['doctype', 'meta', 'link', 'input', 'br'])

/** The first end tag that does not match the last open tag; null if every tag is closed. */
export function unbalanced(tags: readonly string[]): string | null {
  const open: string[] = []
  for (const tag of tags) {
    const name = tag.split(' ')[0] ?? ''
    if (name.startsWith('/')) {
      if (open.pop() !== name.slice(1)) return tag
    } else if (!voidTags.has(name)) open.push(name)
  }
  return open.at(-1) ?? null
}

/** A block of Markdown as GitHub reads it. */
export interface Block {
  readonly kind: 'heading' | 'row' | 'item' | 'fence' | 'html' | 'text' | 'gap'
  /** Cells of a row, lines of a fence, else the one line. */
  readonly parts: readonly string[]
}

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  const lines = markdown.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const fence = /^(`{3,})/.exec(line)?.[1]
    if (fence !== undefined) {
      const from = at + 1
      do at += 1
      while (at < lines.length && !new RegExp(`^\`{${fence.length},}\\s*$`).test(lines[at] ?? ''))
      blocks.push({ kind: 'fence', parts: lines.slice(from, at) })
    } else if (line.startsWith('|')) blocks.push({ kind: 'row', parts: cellsOf(line) })
    else blocks.push({ kind: line === '' ? 'gap' : kindOf(line), parts: [line] })
  }
  return blocks
}

function kindOf(line: string): Block['kind'] {
  if (/^#{1,6} /.test(line)) return 'heading'
  if (/^[-*+] /.test(line)) return 'item'
  return line.startsWith('<') ? 'html' : 'text'
}

/** GitHub Flavored Markdown, "Tables": `|` splits cells, also inside a code span, unless it follows a backslash. */
function cellsOf(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/)
  return cells.slice(1, -1).map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** Inline text without its code spans (CommonMark 6.1: backtick strings of equal length open and close). */
export function withoutCode(text: string): string {
  let left = ''
  let at = 0
  while (at < text.length) {
    const run = /`+/y
    run.lastIndex = at
    const opening = run.exec(text)?.[0]
    if (opening === undefined) {
      left += text[at] ?? ''
      at += 1
      continue
    }
    const after = at + opening.length
    const closing = [...text.slice(after).matchAll(/`+/g)].find(([run]) => run.length === opening.length)
    if (closing === undefined) throw new Error(`a code span is not closed: ${text.slice(at, at + 60)}`)
    left += '\u25a1'
    at = after + closing.index + opening.length
  }
  return left
}

const browsers = ['chromium', 'chromium-browser', 'google-chrome']

/** The first browser that starts, or null. */
export function findBrowser(): string | null {
  return browsers.find((name) => spawnSync(name, ['--version'], { timeout: 20_000 }).status === 0) ?? null
}

/** The page as the browser has it after the script ran; null if the browser fails. */
export function asBrowserReads(browser: string, page: string): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'streamproof-page-'))
  try {
    const file = join(folder, 'index.html')
    writeFileSync(file, page)
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--virtual-time-budget=5000',
      `--user-data-dir=${folder}/profile`,
    ]
    const run = spawnSync(browser, [...flags, '--dump-dom', pathToFileURL(file).href], {
      encoding: 'utf8',
      timeout: 60_000,
      maxBuffer: 64 * 1024 * 1024,
    })
    return run.status === 0 && run.stdout !== '' ? run.stdout : null
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}
