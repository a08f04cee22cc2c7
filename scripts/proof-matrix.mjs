// Runs every check on every mutant, in as many processes as there are processors: `npm run proof:matrix`.
// --update replaces the committed results; --add adds further texts to them. Both are refused in CI.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js')
const update = process.argv.includes('--update') ? '1' : process.argv.includes('--add') ? 'add' : undefined
if (update !== undefined && process.env.CI !== undefined) {
  console.error('the matrix is written by people, never in CI')
  process.exit(2)
}
const shards = Math.max(1, Math.min(4, availableParallelism()))
const argv = ['--import', 'tsx/esm', mocha, '--no-config', '--reporter', 'dot', 'test/proof/matrix.test.ts']
const differing = join(mkdtempSync(join(tmpdir(), 'streamproof-matrix-')), 'differing')
let code = Math.max(
  ...(await Promise.all(
    Array.from({ length: shards }, (_, index) => run({ MATRIX_SHARD: `${index + 1}/${shards}` })),
  )),
)
// Mutants whose results differ run once more, one process alone: results differ on a busy machine, too.
const names = existsSync(differing) ? readFileSync(differing, 'utf8').split('\n').filter(Boolean) : []
if (code !== 0 && names.length > 0 && names.length <= 10 && update === undefined) {
  console.error(`\nonce more, alone: ${names.join(', ')}`)
  code = await run({ MUTANTS: names.join(',') })
}
rmSync(dirname(differing), { recursive: true, force: true })
process.exit(code)

function run(more) {
  const env = {
    ...process.env,
    ...more,
    MATRIX_DIFFERING: differing,
    ...(update === undefined ? {} : { UPDATE_MATRIX: update }),
  }
  return new Promise((resolve) => {
    spawn(process.execPath, argv, { env, stdio: 'inherit' }).on('exit', (code) => resolve(code ?? 1))
  })
}
