import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ensureBuilt, top } from '../built.ts'
import { temporaryFolder } from '../cli/support/temporary.ts'
import { silentServer } from './silent-server.ts'
import type { SilentServer } from './silent-server.ts'

const call = "({ ws: 'ws://localhost:8080/chat' })"
const needsEcho = 'ws/fragmentation/empty-fragments'
/** The wait for an ending is then longer than the limits of mocha (2 s) and vitest (5 s). */
const timeScale = 2.6

/** One check that fails, slowly, one that passes and one that does not apply. */
const only = ['ws/control/ping-over-125', 'ws/control/server-up-to-125', needsEcho]

const modulesOf = (name: string): string => join(top, 'node_modules', name)

const programs = {
  'mocha.test.mjs': [join(modulesOf('mocha'), 'bin', 'mocha.js'), '--no-config', '--reporter', 'json'],
  'vitest.test.mjs': [join(modulesOf('vitest'), 'vitest.mjs'), 'run', '--reporter', 'json'],
  'node.test.mjs': ['--test', '--test-reporter', 'tap'],
  'report.mjs': [],
} as const

interface Ran {
  readonly status: number | null
  readonly out: string
}

describe('the examples of the library', function () {
  this.timeout(120_000)
  let server: SilentServer
  const folder = temporaryFolder()
  const results = new Map<string, Ran>()

  before(async () => {
    ensureBuilt()
    server = await silentServer()
    const modules = join(folder.path, 'node_modules')
    const { dependencies } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>
    }
    mkdirSync(join(modules, 'streamproof'), { recursive: true })
    // A copy, since the runners treat what is inside node_modules differently.
    for (const name of ['package.json', 'dist'])
      cpSync(join(top, name), join(modules, 'streamproof', name), { recursive: true })
    for (const name of [...Object.keys(dependencies), 'vitest'])
      symlinkSync(modulesOf(name), join(modules, name), 'junction')
    // All at once, since each of them mostly waits.
    await Promise.all(
      Object.entries(programs).map(async ([name, words]) => results.set(name, await execute(name, words))),
    )
  })

  after(async () => {
    await server[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  /** Runs an example against the silent server with a program of Node's. */
  async function execute(name: string, words: readonly string[]): Promise<Ran> {
    const source = readFileSync(join(top, 'examples', name), 'utf8')
    expect(source).to.include(call)
    const options = JSON.stringify({ only, timeScale: name === 'report.mjs' ? 0.5 : timeScale, seed: 1 })
    const changed = source.replace(call, `({ ws: 'ws://127.0.0.1:${server.port}/' }, ${options})`)
    writeFileSync(join(folder.path, name), changed)
    const child = spawn(process.execPath, [...words, name], {
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'inherit'],
      // What a runner sets for its tests would change what the inner runner prints.
      env: { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined },
    })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    await once(child, 'close')
    return { status: child.exitCode, out }
  }

  function resultOf(name: keyof typeof programs): Ran {
    const found = results.get(name)
    if (found === undefined) throw new Error(`${name} was not run`)
    return found
  }

  const verdict = /^fail \(MUST, RFC6455 5\.5\): expected .*; actual: /

  it('mocha: shows the verdict of a check that takes longer than 2 s', () => {
    const { status, out } = resultOf('mocha.test.mjs')
    const { stats, failures } = JSON.parse(out) as {
      readonly stats: { readonly passes: number; readonly pending: number; readonly failures: number }
      readonly failures: readonly [{ readonly err: { readonly message: string } }]
    }
    expect(stats).to.include({ passes: 1, pending: 1, failures: 1 })
    expect(failures[0].err.message).to.match(verdict)
    expect(status).to.equal(1)
  })

  it('vitest: shows the verdict of a check that takes longer than 5 s', () => {
    const { status, out } = resultOf('vitest.test.mjs')
    const { numPassedTests, numPendingTests, numFailedTests, testResults } = JSON.parse(out) as {
      readonly numPassedTests: number
      readonly numPendingTests: number
      readonly numFailedTests: number
      readonly testResults: readonly [
        { readonly assertionResults: readonly { readonly failureMessages?: readonly string[] }[] },
      ]
    }
    expect([numPassedTests, numPendingTests, numFailedTests]).to.deep.equal([1, 1, 1])
    const [message = ''] = testResults[0].assertionResults.flatMap(
      ({ failureMessages = [] }) => failureMessages,
    )
    expect(message.replace(/^\w+: /, '')).to.match(verdict)
    expect(status).to.equal(1)
  })

  it('node:test: shows the verdict', () => {
    const { status, out } = resultOf('node.test.mjs')
    expect(out).to.match(/^# pass 1$/m)
    expect(out).to.match(/^# skipped 1$/m)
    expect(out).to.match(/^# fail 1$/m)
    expect(out).to.match(/fail \(MUST, RFC6455 5\.5\): expected .*; actual: /)
    expect(status).to.equal(1)
  })

  it('run() prints what failed, and exits with the status of the run', () => {
    const { status, out } = resultOf('report.mjs')
    expect(out).to.match(/^ws\/control\/ping-over-125: expected .*; actual: .*\n$/)
    expect(status).to.equal(1)
  })

  it('are those of the README', () => {
    const readme = readFileSync(join(top, 'README.md'), 'utf8')
    const section = readme.slice(
      readme.indexOf('## As a library'),
      readme.indexOf('## ', readme.indexOf('## As a library') + 3),
    )
    const blocks = [...section.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code)
    const examples = Object.keys(programs).map((name) =>
      readFileSync(join(top, 'examples', name), 'utf8').replace(/^\/\/.*\n/, ''),
    )
    expect(blocks).to.deep.equal(examples)
  })
})
