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

  it('names no protocol in other words either: as a scheme, a capability or a title', () => {
    const core =
      /^(harness\/(model|common|target|run|cli|peers\/(session|net|http|faults))|reports|proxies)\//
    const named = filesWith(
      /\b(websocket|sse|wss?|server-sent)\b/i,
      files.filter((file) => core.test(file) || file === 'index.ts'),
    )
    expect(named).to.deep.equal(
      [
        // Addresses and titles of the sections of standards.
        'harness/model/clause.ts',
        'reports/view/sections.ts',
        // The schemes that mean TLS.
        'harness/common/url.ts',
        // The name of a header that holds no credential.
        'harness/target/secrets/collect.ts',
        // Help of the product, with its examples, and its reference server.
        'harness/cli/config/options.ts',
        'harness/cli/program.ts',
        'harness/cli/commands/target.ts',
      ].toSorted(),
    )
  })

  it('has one place that opens runs, and doctor, which only tries the engine', () => {
    expect(filesWith(/\b(openEngine|engineOnDemand)\(/, outsideOf('proxies/'))).to.deep.equal([
      'harness/cli/commands/doctor.ts',
      'harness/run/open-run.ts',
    ])
    expect(
      filesWith(/(?<![.\w])(executeRun|applicableChecks|register|toolsOf)(<\w+>)?\(/, files),
    ).to.deep.equal([
      'harness/run/applicable.ts',
      'harness/run/execute-run.ts',
      'harness/run/mocha/registration.ts',
      'harness/run/open-run.ts',
    ])
    expect(filesWith(/\bnew Schedule\(/, files)).to.deep.equal(['harness/run/prepare.ts'])
    expect(filesWith(/\bopenRun(<\w+>)?\(/, files)).to.deep.equal([
      'harness/cli/commands/run.ts',
      'harness/cli/mocha.ts',
      'harness/run/open-run.ts',
      'index.ts',
    ])
  })

  it('sets toxics where a fault is proven, and nowhere else', () => {
    expect(filesWith(/\.setFaults\(/, outsideOf('proxies/'))).to.deep.equal([
      'harness/peers/faults/prove-fault.ts',
    ])
  })

  it('puts the headers of a contract into requests in one place', () => {
    expect(filesWith(/\b(endpoint|server|target)\.headers\b/, files.filter(isPeer))).to.deep.equal([
      'harness/peers/http/request-head.ts',
      // Replaces headers of the same name by those of the stream request; asks which names there are.
      'harness/peers/http/stream-request.ts',
      'harness/peers/sse/request.ts',
    ])
    const writers = filesWith(/\bformatRequest\(/, files.filter(isPeer))
    expect(writers).to.deep.equal(['harness/peers/http/exchange.ts', 'harness/peers/websocket/handshake.ts'])
    expect(filesWith(/\brequestHeaders\(/, writers)).to.deep.equal(writers)
  })

  it('leaves time to the clock of the scheduler, so that every policy can be tested without waiting', () => {
    const schedule = files.filter((file) => file.startsWith('harness/run/schedule/'))
    const time = /\b(performance|Date|setTimeout|setInterval|setImmediate)\b|'node:timers/
    expect(filesWith(time, schedule)).to.deep.equal(['harness/run/schedule/clock.ts'])
  })

  it('keeps the policies of the scheduler free of input and output', () => {
    const policies = [
      'classify',
      'concurrency-limit',
      'connection-rate-limiter',
      'liveness-monitor',
      'load-control',
      'prerequisites',
      'repetition',
    ].map((name) => `harness/run/schedule/${name}.ts`)
    expect(filesWith(/\b(async|await|Promise|process)\b|'node:/, policies)).to.deep.equal([])
  })

  it('knows mocha in its adapters alone, and ships nothing that loads it', () => {
    expect(filesWith(/\bMocha\./, files)).to.deep.equal([
      'harness/cli/mocha-setup.ts',
      'harness/run/mocha/registration.ts',
    ])
    expect(filesWith(/'(mocha|chai)(\/[^']*)?'/, files)).to.deep.equal([])
  })

  it('infers every type of the report from its schema', () => {
    const model = read('harness/model/result.ts')
    const types = [...model.matchAll(/^export (?:type|interface) (\w+)(.*)$/gm)]
    expect(types.map(([, name, rest]) => `${name}${rest}`)).to.deep.equal([
      'Report = z.infer<typeof reportSchema>',
      'Result = z.infer<typeof resultSchema>',
      'Summary = z.infer<typeof summarySchema>',
      'ExpectationResult = z.infer<typeof expectationSchema>',
    ])
    const declares = /^(export )?(type|interface) (Report|Result|Summary|ExpectationResult)\b/
    expect(filesWith(declares, files)).to.deep.equal(['harness/model/result.ts'])
  })

  it('declares nothing that no run produces yet: marks, shards, a verbose mode, HTTP/2', () => {
    expect(filesWith(/\b(RFC8441|shard|verbose|overlay)\b/i, files)).to.deep.equal([])
    expect(
      filesWith(
        /\bknown\b/,
        files.filter((file) => file.startsWith('harness/model/')),
      ),
    ).to.deep.equal([])
  })

  it('names directions client-to-server and server-to-client outside the API of Toxiproxy', () => {
    const words = /'(up|upstream|downstream)'|\bdirection\b.*'down'/
    expect(filesWith(words, outsideOf('proxies/'))).to.deep.equal([])
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

/** The files, in order of their names, in which a line matches that is neither a comment nor an import. */
function filesWith(pattern: RegExp, among: readonly string[]): string[] {
  const other = /^\s*(\*|\/\/|\/\*|import\b|\} from|export .* from)/
  const found = among.filter((file) =>
    read(file)
      .split('\n')
      .some((line) => pattern.test(line) && !other.test(line)),
  )
  return found.toSorted()
}

function outsideOf(folder: string): readonly string[] {
  return files.filter((file) => !file.startsWith(folder))
}

function isPeer(file: string): boolean {
  return file.startsWith('harness/peers/')
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
