import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const top = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** Which rooms each room may import, besides itself. Imports point one way; there are no circles. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'harness/check': [],
  'harness/wire': [],
  proxies: [],
  'harness/reference': ['harness/check'],
  'harness/peers': ['harness/check', 'harness/wire', 'proxies'],
  'harness/target': ['harness/check', 'harness/wire', 'harness/peers', 'proxies'],
  'harness/run': ['harness/check', 'harness/peers', 'harness/target', 'proxies'],
  reports: ['harness/check'],
  suites: ['harness/check', 'harness/peers', 'proxies'],
  'harness/cli': [
    'harness/check',
    'harness/peers',
    'harness/target',
    'harness/run',
    'harness/reference',
    'proxies',
    'reports',
    'suites',
    '.',
  ],
  '.': ['harness/check', 'harness/peers', 'harness/target', 'harness/run', 'proxies', 'reports', 'suites'],
}

/** What suites may know of the link: faults by name, never engines. */
const suitesMayImportOfProxies = ['proxies/faults.ts', 'proxies/types.ts']

interface Import {
  readonly from: string
  readonly to: string
}

const files = sources(['harness', 'suites', 'proxies', 'reports']).concat('index.ts')
const imports = files.flatMap(importsOf)

describe('the house', () => {
  it('has every source file in a known room', () => {
    expect(files.filter((file) => !(roomOf(file) in allowed))).to.deep.equal([])
  })

  it('imports one way only', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [here, there] = [roomOf(from), roomOf(to)]
      return here !== there && !(allowed[here] ?? []).includes(there)
    })
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).to.deep.equal([])
  })

  it('lets suites know faults by name, and nothing else of the link', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        roomOf(from) === 'suites' && roomOf(to) === 'proxies' && !suitesMayImportOfProxies.includes(to),
    )
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).to.deep.equal([])
  })

  it('has no circle of files', () => {
    const next = new Map<string, string[]>()
    for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to])
    expect(circle(next)).to.equal(null)
  })

  it('prints and exits in harness/cli alone', () => {
    const wrong = files.filter(
      (file) =>
        !file.startsWith('harness/cli/') &&
        /\bconsole\.|process\.exit\(|process\.std(out|err)\b/.test(read(file)),
    )
    expect(wrong).to.deep.equal([])
  })

  it('has no loop, timer, try or sleep in a check', () => {
    const wrong = files.filter(
      (file) =>
        /^suites\/(websocket|sse|compare)\//.test(file) &&
        /\b(for|while) *\(|\btry *\{|setTimeout|setInterval|setImmediate/.test(read(file)),
    )
    expect(wrong).to.deep.equal([])
  })
})

function sources(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(top, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => relative(top, join(entry.parentPath, entry.name)).replaceAll('\\', '/')),
  )
}

function read(file: string): string {
  return readFileSync(join(top, file), 'utf8')
}

function importsOf(from: string): Import[] {
  const found = read(from).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)
  return [...found].map(([, path]) => ({
    from,
    to: relative(top, resolve(top, dirname(from), path ?? '')).replaceAll('\\', '/'),
  }))
}

function roomOf(file: string): string {
  const [first = '', second = ''] = file.split('/')
  if (!file.includes('/')) return '.'
  return first === 'harness' ? `${first}/${second}` : first
}

function circle(next: ReadonlyMap<string, readonly string[]>): string | null {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' -> ')
    if (done.has(file)) return null
    for (const one of next.get(file) ?? []) {
      const found = visit(one, [...path, file])
      if (found !== null) return found
    }
    done.add(file)
    return null
  }
  for (const file of next.keys()) {
    const found = visit(file, [])
    if (found !== null) return found
  }
  return null
}
