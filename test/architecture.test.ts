import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const top = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** Which areas each area may import, besides itself. Imports point one way; there are no circles. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'harness/model': [],
  'harness/common': ['harness/model'],
  'harness/wire': [],
  proxies: [],
  'harness/reference': ['harness/model', 'harness/common'],
  // What checks may need, by name: data, which the kit's types are made of.
  'harness/protocols/capabilities': ['harness/model'],
  'harness/peers': [
    'harness/model',
    'harness/common',
    'harness/wire',
    'harness/protocols/capabilities',
    'proxies',
  ],
  'harness/protocols': [
    'harness/model',
    'harness/common',
    'harness/peers',
    'harness/protocols/capabilities',
    'harness/target',
  ],
  'harness/target': ['harness/model', 'harness/common', 'harness/wire', 'harness/peers', 'proxies'],
  'harness/run': ['harness/model', 'harness/common', 'harness/peers', 'harness/target', 'proxies'],
  reports: ['harness/model'],
  suites: ['harness/peers', 'proxies'],
  'suites/index.ts': ['harness/model', 'harness/peers', 'harness/protocols', 'suites'],
  'harness/cli': [
    'harness/model',
    'harness/common',
    'harness/peers',
    'harness/protocols',
    'harness/target',
    'harness/run',
    'harness/reference',
    'proxies',
    'reports',
    'suites/index.ts',
    '.',
  ],
  '.': [
    'harness/model',
    'harness/common',
    'harness/peers',
    'harness/protocols',
    'harness/target',
    'harness/run',
    'proxies',
    'reports',
    'suites/index.ts',
  ],
}

/** All that a file of checks may import: the kit, and faults by name; never engines. */
const suitesMayImport = ['harness/peers/kit/index.ts', 'proxies/faults/index.ts']

/** `#peers/*` and where it leads, as Node reads it: the exact names first. */
const subpaths = Object.entries(
  (JSON.parse(read('package.json')) as { readonly imports: Readonly<Record<string, string>> }).imports,
).toSorted(([one], [other]) => Number(one.includes('*')) - Number(other.includes('*')))

interface Import {
  readonly from: string
  readonly to: string
}

const files = sources(['harness', 'suites', 'proxies', 'reports']).concat('index.ts')
const imports = files.flatMap(importsOf)

describe('the architecture', () => {
  it('has every source file in a known area', () => {
    expect(files.filter((file) => !(areaOf(file) in allowed))).to.deep.equal([])
  })

  it('imports one way only', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [here, there] = [areaOf(from), areaOf(to)]
      return here !== there && !(allowed[here] ?? []).includes(there)
    })
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).to.deep.equal([])
  })

  it('lets checks import the kit and the faults alone', () => {
    const wrong = imports.filter(
      ({ from, to }) => areaOf(from) === 'suites' && areaOf(to) !== 'suites' && !suitesMayImport.includes(to),
    )
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).to.deep.equal([])
  })

  it('has only imports that lead to a file', () => {
    const wrong = imports.filter(({ to }) => !existsSync(join(top, to)))
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).to.deep.equal([])
  })

  it('imports by subpath wherever a relative path would climb', () => {
    const wrong = files.filter((file) => /(?:\bfrom|\bimport)\s*\(?\s*'\.\.\//.test(read(file)))
    expect(wrong).to.deep.equal([])
  })

  it('names a protocol in its module, its checks, the reference and nowhere else', () => {
    const outside = files.filter((file) => !/^(harness\/(protocols|reference)|suites)\//.test(file))
    const named = outside.flatMap((file) =>
      read(file)
        .split('\n')
        .filter(
          (line) =>
            /(['"])(websocket|sse|ws)\1/.test(line) && !/^\s*(import|\} from|export .* from)\b/.test(line),
        )
        .map((line) => `${file}: ${line.trim()}`),
    )
    expect(named).to.deep.equal([
      // The token of RFC 6455 4.2.1, which is not a name in harness/protocols.
      "harness/peers/websocket/handshake.ts: ['Upgrade', 'websocket'],",
    ])
  })

  it('has no circle of files', () => {
    const next = new Map<string, string[]>()
    for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to])
    expect(circle(next)).to.equal(null)
  })

  it('gives WebSocket and HTTP a byte stream, and no sockets', () => {
    const protocols = /^harness\/peers\/(?:websocket|http|sse)\//
    const openers = ['harness/peers/websocket/handshake.ts', 'harness/peers/http/open-exchange.ts']
    const wrong = files.filter(
      (file) =>
        protocols.test(file) &&
        (/'node:(?:net|tls|http|https)'|#peers\/net\/tcp-connection/.test(read(file)) ||
          (read(file).includes("'#peers/net/open-connection'") && !openers.includes(file))),
    )
    expect(wrong).to.deep.equal([])
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
        /^suites\/[^/]+\//.test(file) &&
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
  const found = read(from).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+|#[^']+)'/g)
  return [...found].map(([, path = '']) => ({
    from,
    to: path.startsWith('#')
      ? subpathTarget(path)
      : relative(top, resolve(top, dirname(from), path)).replaceAll('\\', '/'),
  }))
}

/** The file that a subpath import leads to. @throws Error where package.json has no such subpath. */
function subpathTarget(path: string): string {
  for (const [name, target] of subpaths) {
    const [before = '', after] = name.split('*')
    if (after === undefined ? path === name : path.startsWith(before))
      return target.replace('*', path.slice(before.length)).replace(/^\.\//, '')
  }
  throw new Error(`package.json has no subpath import for ${path}`)
}

function areaOf(file: string): string {
  const [first = '', second = ''] = file.split('/')
  if (!file.includes('/')) return '.'
  if (file === 'suites/index.ts') return file
  if (/^harness\/protocols\/\w+\/capabilities\.ts$/.test(file)) return 'harness/protocols/capabilities'
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
