import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

const project = fileURLToPath(new URL('../..', import.meta.url))

describe('npm test -- --coverage', function () {
  // Each run starts five processes.
  this.timeout(60_000)
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'streamproof-coverage-'))
    for (const file of [
      'scripts/test.mjs',
      'scripts/record-coverage.mjs',
      'test/.mocharc.json',
      '.c8rc.json',
    ])
      cpSync(join(project, file), join(folder, file))
    symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'), 'dir')
    write('package.json', '{ "type": "module" }')
    write('harness/sum.ts', 'export function sum(a: number, b: number): number {\n  return a + b\n}\n')
    for (const area of ['cli', 'proxies', 'wire'])
      write(
        `test/${area}/sum.test.ts`,
        `import { sum } from '../../harness/sum.ts'\nit('adds', () => {\n  if (sum(1, 2) !== 3) throw new Error()\n})\n`,
      )
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('passes where the tests execute the sources', () => {
    const { status, output } = run()
    expect(output).to.include('3 passed, 0 failed, 0 skipped')
    expect(output).to.match(/Lines +: 100% \( 3\/3 \)/)
    expect(status).to.equal(0)
  })

  it('fails where they execute too little', () => {
    write('reports/other.ts', 'export function other(): number {\n  return 1\n}\n')
    const { status, output } = run()
    expect(output).to.match(/Lines +: 50% \( 3\/6 \)/)
    expect(output).to.include('Coverage for lines (50%) does not meet global threshold')
    expect(status).to.equal(1)
  })

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }

  function run(): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/test.mjs', '--coverage'], {
      cwd: folder,
      encoding: 'utf8',
    })
    return { status, output: stdout + stderr }
  }
})
