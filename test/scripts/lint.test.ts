import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

const project = fileURLToPath(new URL('../..', import.meta.url))
const oxlint = join(dirname(createRequire(import.meta.url).resolve('oxlint/package.json')), 'bin/oxlint')

describe('npm run lint: globals and the state of the process', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'streamproof-lint-'))
    cpSync(join(project, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  for (const area of ['harness/run', 'proxies/driver', 'reports', 'suites/websocket']) {
    it(`rejects in ${area} what changes or uses the state of the process`, () => {
      for (const [statement, restricted] of [
        ['globalThis.setTimeout = undefined', 'globalThis'],
        ['Object.assign(global, { setTimeout: undefined })', 'global'],
        ['process.emitWarning = undefined', 'process.emitWarning'],
        ["process.stdout.write('x')", 'process.stdout'],
        ['process.exitCode = 1', 'process.exitCode'],
        ["await fetch('http://127.0.0.1')", 'fetch'],
      ] as const)
        write(`${area}/${restricted.replace('.', '-')}.ts`, statement)
      expect(restrictions()).to.deep.equal([
        'fetch',
        'global',
        'globalThis',
        'process.emitWarning',
        'process.exitCode',
        'process.stdout',
      ])
    })
  }

  it('lets the command line print and set the exit status', () => {
    write('harness/cli/print.ts', "process.stdout.write('x')\nprocess.exitCode = 1")
    expect(restrictions()).to.deep.equal([])
  })

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), `${text}\n`)
  }

  /** What the two rules complain about, sorted. */
  function restrictions(): string[] {
    const { stdout } = spawnSync(process.execPath, [oxlint, '--format', 'json'], {
      cwd: folder,
      encoding: 'utf8',
    })
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; message: string }[] }
    return diagnostics
      .filter(({ code }) => /no-restricted-(?:globals|properties)/.test(code))
      .map(({ message }) => /'([^']+)'/.exec(message)?.[1] ?? message)
      .toSorted()
  }
})
