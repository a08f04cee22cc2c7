import { execFile } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { startReference } from '#reference/start'
import { loadCatalogue } from '#suites/index'
import { ensureBuilt, top } from '../built.ts'
import { lacking } from '../lacking.ts'
import { temporaryFolder } from './support/temporary.ts'

const windows = process.platform === 'win32'

interface Ran {
  readonly status: number
  readonly out: string
  readonly err: string
}

/** Runs a program in a folder, without the environment variables of this project. */
async function ran(program: string, words: readonly string[], folder: string): Promise<Ran> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(STREAMPROOF|NODE|TOXIPROXY|npm_(package|lifecycle|execpath))/.test(name),
    ),
  )
  try {
    const options = { cwd: folder, env, shell: windows, maxBuffer: 64 * 1024 * 1024 }
    const { stdout, stderr } = await promisify(execFile)(program, [...words], options)
    return { status: 0, out: stdout, err: stderr }
  } catch (error) {
    const {
      code = 1,
      stdout = '',
      stderr = '',
    } = error as { code?: number; stdout?: string; stderr?: string }
    return { status: code, out: stdout, err: stderr }
  }
}

describe('the installed package', function () {
  this.timeout(120_000)
  const folder = temporaryFolder({
    'package.json': '{"name": "consumer", "private": true, "type": "module"}',
  })
  const bin = join(folder.path, 'node_modules', '.bin', windows ? 'streamproof.cmd' : 'streamproof')

  before(async function () {
    ensureBuilt()
    const packed = await ran(
      'npm',
      ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder.path],
      top,
    )
    expect(packed.status, packed.err).to.equal(0)
    const tarball = join(folder.path, packed.out.trim().split('\n').at(-1) ?? '')
    const words = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--fetch-retries', '0', tarball]
    const installed = await ran('npm', words, folder.path)
    if (/E(AI_AGAIN|NOTFOUND|CONNREFUSED|TIMEDOUT|NETUNREACH)|network/.test(installed.err)) {
      lacking(this, 'no package registry that can be reached, so that the package cannot be installed')
    }
    expect(installed.status, installed.err).to.equal(0)
  })

  after(() => folder[Symbol.dispose]())

  it('contains neither TypeScript nor sources', () => {
    const modules = join(folder.path, 'node_modules')
    expect(['typescript', 'tsx'].filter((name) => existsSync(join(modules, name)))).to.deep.equal([])
    const own = join(modules, 'streamproof')
    expect(readdirSync(own).toSorted()).to.deep.equal([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'examples',
      'package.json',
    ])
    const files = readdirSync(join(own, 'dist'), { recursive: true }).map(String)
    expect(files.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).to.deep.equal([])
  })

  it('lists the same checks as the sources', async () => {
    const { out, err, status } = await ran(bin, ['list', '--json'], folder.path)
    expect(status, err).to.equal(0)
    const listed = (JSON.parse(out) as { readonly checks: readonly { readonly id: string }[] }).checks
    expect(listed.map(({ id }) => id)).to.deep.equal((await loadCatalogue()).checks.map(({ id }) => id))
  })

  it('runs against the embedded reference, through the embedded engine', async () => {
    const { err, status } = await ran(
      bin,
      ['run', '--topic', 'connection,limitations', '--quiet'],
      folder.path,
    )
    expect(status, err).to.equal(0)
    expect(readdirSync(join(folder.path, 'streamproof-report'))).to.include.members([
      'report.json',
      'index.html',
    ])
  })

  it('reads a TypeScript config if this version of Node can, and else says so in one line', async () => {
    using project = temporaryFolder({
      'streamproof.config.ts': 'const jobs: number = 5\nexport default { jobs }\n',
    })
    const { out, err, status } = await ran(bin, ['config', '--print'], project.path)
    if ((process.features as { readonly typescript?: unknown }).typescript) {
      expect(out, err).to.match(/^jobs +5 +streamproof\.config\.ts$/m)
    } else {
      expect(err).to.match(
        /^streamproof: config file .* is TypeScript, which Node [\d.]+ cannot load; install tsx in its project, or write it as \.mjs\n$/,
      )
      expect(status).to.equal(2)
    }
  })

  it('is a library', async () => {
    writeFileSync(
      join(folder.path, 'consumer.mjs'),
      `import { checks, judge, run } from 'streamproof'
      import { createRequire } from 'node:module'
      const schema = createRequire(import.meta.url)('streamproof/report.schema.json')
      const verdict = judge('SHOULD', { kind: 'not-applicable', reason: 'x' })
      console.log(JSON.stringify([typeof checks, typeof run, verdict, schema.type]))`,
    )
    const { out, err, status } = await ran(process.execPath, ['consumer.mjs'], folder.path)
    expect(status, err).to.equal(0)
    expect(JSON.parse(out)).to.deep.equal(['function', 'function', 'not-applicable', 'object'])
  })

  it('provides checks for any test runner, and leaves nothing open after them', async () => {
    await using server = await startReference({ mutant: 'accept-long-ping', sse: false })
    writeFileSync(
      join(folder.path, 'conformance.test.mjs'),
      `import { test } from 'node:test'
      import { checks } from 'streamproof'
      for (const check of await checks({ ws: '${server.ws.href}' }, { only: ['ws/control/*-over-125', 'ws/faults/*cut*'], timeScale: 0.3 })) {
        test(check.title, { skip: check.skip ?? false, timeout: check.timeoutMs }, check.run)
      }`,
    )
    const { out, status } = await ran(
      process.execPath,
      ['--test', '--test-reporter', 'tap', 'conformance.test.mjs'],
      folder.path,
    )
    expect(status).to.equal(1)
    expect(out).to.match(/not ok .*fails the connection on a Ping with a 126-byte payload/)
    expect(out).to.match(/\bok .*fails the connection on a Pong with a 126-byte payload/)
    expect(out).to.match(/# fail 1$/m)
  })

  it('has types', async () => {
    writeFileSync(
      join(folder.path, 'consumer.ts'),
      `import { checks, judge, run } from 'streamproof'
      const list = await checks({ sse: 'http://127.0.0.1:1/events' })
      const titles: readonly string[] = list.map((one) => one.title)
      const skips: readonly (string | null)[] = list.map((one) => one.skip)
      const runs: readonly (() => Promise<void>)[] = list.map((one) => one.run)
      const limits: readonly number[] = list.map((one) => one.timeoutMs)
      const passed: number = (await run({ ws: 'ws://127.0.0.1:1/' })).summary.pass
      // @ts-expect-error there is no such level
      judge('PERHAPS', { kind: 'held' })
      export { titles, skips, runs, limits, passed }`,
    )
    const words = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--skipLibCheck',
      '--types',
      '',
      'consumer.ts',
    ]
    const { out, status } = await ran(
      process.execPath,
      [join(top, 'node_modules', 'typescript', 'bin', 'tsc'), ...words],
      folder.path,
    )
    expect(out).to.equal('')
    expect(status).to.equal(0)
  })
})
