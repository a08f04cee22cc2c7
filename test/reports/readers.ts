import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Small readers of the formats, written apart from the writers, and a real browser where there is one. */

/** Tags of a page in order, each with the names of its attributes; texts and values are left out. */
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
    const attributes = [...(found[2] ?? '').matchAll(/\s([a-z-]+)(?:="[^"]*")?/gi)].map((one) => one[1])
    tags.push([name, ...attributes].join(' '))
    at = tag.lastIndex
    // Style and script hold raw text up to their end tag: that is what a hostile `</script>` aims at.
    if (name === 'style' || name === 'script') at = page.toLowerCase().indexOf(`</${name}`, at)
  }
}

const alone = new Set(['doctype', 'meta', 'link', 'input', 'br'])

/** The first tag that does not close what is open; null when the page is balanced. */
export function unbalanced(tags: readonly string[]): string | null {
  const open: string[] = []
  for (const tag of tags) {
    const name = tag.split(' ')[0] ?? ''
    if (name.startsWith('/')) {
      if (open.pop() !== name.slice(1)) return tag
    } else if (!alone.has(name)) open.push(name)
  }
  return open.at(-1) ?? null
}

/** A block of Markdown as GitHub reads it: what kind it is, and of what parts it consists. */
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

/** GitHub Flavored Markdown, "Tables": a bar splits, also inside of a code span, unless a backslash is before it. */
function cellsOf(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/)
  return cells.slice(1, -1).map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** What is left of inline text without its code spans (CommonMark 6.1: runs of the same length open and close). */
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
    const closing = [...text.slice(after).matchAll(/`+/g)].find(([one]) => one.length === opening.length)
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

/** The page as the browser holds it after its script has run; null when the browser would not. */
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
