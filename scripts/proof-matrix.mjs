// The whole matrix of checks and mutants, in as many processes as there are processors: `npm run proof:matrix`.
// With --update it writes what was found, for review (with --add: adds further texts to those committed); never in CI.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js')
const update = process.argv.includes('--update') ? '1' : process.argv.includes('--add') ? 'add' : undefined
if (update !== undefined && process.env.CI !== undefined) {
  console.error('the matrix is written by people, never in CI')
  process.exit(2)
}
const shards = Math.max(1, Math.min(4, availableParallelism()))
const argv = ['--import', 'tsx/esm', mocha, '--no-config', '--reporter', 'dot', 'test/proof/matrix.test.ts']
const codes = await Promise.all(Array.from({ length: shards }, (_, index) => run(`${index + 1}/${shards}`)))
process.exit(Math.max(...codes))

function run(shard) {
  const env = {
    ...process.env,
    MATRIX_SHARD: shard,
    ...(update === undefined ? {} : { UPDATE_MATRIX: update }),
  }
  return new Promise((resolve) => {
    spawn(process.execPath, argv, { env, stdio: 'inherit' }).on('exit', (code) => resolve(code ?? 1))
  })
}
