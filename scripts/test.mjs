// Runs every test of `test/.mocharc.json` in three processes at once, since most tests spend their time waiting. The
// output of each process is shown in one piece and in order: the first while it runs, the others when those before them
// have ended. No process is made to exit: a socket, timer or process that a test does not close keeps it from ending.
// With --coverage it also measures which lines and branches the tests execute, and fails below the floor in .c8rc.json.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

/** The folders of the first two processes; the third one runs all other tests. */
const folders = [
  ['cli', 'target'],
  ['proxies', 'peers'],
]

const require = createRequire(import.meta.url)
const root = fileURLToPath(new URL('..', import.meta.url))
const config = JSON.parse(readFileSync(join(root, 'test/.mocharc.json'), 'utf8'))
const mocha = require.resolve('mocha/bin/mocha.js')
const coverageFolder = process.argv.includes('--coverage') ? join(root, 'coverage/v8') : null
if (coverageFolder !== null) rmSync(coverageFolder, { recursive: true, force: true })

const filesOf = (names) => names.map((name) => `test/${name}/**/*.test.ts`)
const shares = [
  ...folders.map((names) => ({ spec: filesOf(names), ignore: [] })),
  { spec: config.spec, ignore: filesOf(folders.flat()) },
]

const running = shares.map(start)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => running.forEach(({ child }) => child.kill(signal)))
}
for (const share of running) {
  share.show()
  await share.ended
}

const total = (word) =>
  running.reduce(
    (sum, { output }) => sum + Number(new RegExp(`^ +(\\d+) ${word}`, 'm').exec(output())?.[1] ?? 0),
    0,
  )
const failed = running.filter(({ code }) => code() !== 0)
console.log(`\n${total('passing')} passed, ${total('failing')} failed, ${total('pending')} skipped`)
if (failed.length > 0) console.error(`${failed.length} of ${running.length} processes failed; see above`)
const covered = coverageFolder === null || failed.length > 0 || hasCoverage()
process.exitCode = failed.length > 0 || !covered ? 1 : 0

function start({ spec, ignore }) {
  const options = [
    ...(coverageFolder === null ? [] : ['--import', new URL('record-coverage.mjs', import.meta.url).href]),
    ...config['node-option'].map((option) => `--${option}`),
    mocha,
    '--no-config',
    ...config.extension.flatMap((extension) => ['--extension', extension]),
    ...[...config.ignore, ...ignore].flatMap((pattern) => ['--ignore', pattern]),
    '--timeout',
    String(config.timeout),
    ...(config['fail-zero'] ? ['--fail-zero'] : []),
    ...(config['forbid-only'] ? ['--forbid-only'] : []),
    ...(process.stdout.isTTY ? ['--color'] : []),
    ...spec,
  ]
  const env = coverageFolder === null ? process.env : { ...process.env, NODE_V8_COVERAGE: coverageFolder }
  const child = spawn(process.execPath, options, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let isShown = false
  let code = null
  let text = ''
  const onOutput = (chunk) => {
    text += chunk
    if (isShown) process.stdout.write(chunk)
  }
  child.stdout.setEncoding('utf8').on('data', onOutput)
  child.stderr.setEncoding('utf8').on('data', onOutput)
  const ended = new Promise((resolve) => {
    child.on('close', (status) => {
      code = status ?? 1
      resolve()
    })
  })
  return {
    child,
    ended,
    code: () => code,
    // Without the colours of a terminal, so that the totals can be read.
    output: () => stripVTControlCharacters(text),
    show() {
      isShown = true
      process.stdout.write(text)
    },
  }
}

/** Prints the coverage; false if it is below the floor. */
function hasCoverage() {
  // The source maps of tsx hold null in place of the source; c8 reads the file if the member is missing.
  for (const name of readdirSync(coverageFolder)) {
    const file = join(coverageFolder, name)
    const coverage = JSON.parse(readFileSync(file, 'utf8'))
    for (const { data } of Object.values(coverage['source-map-cache'] ?? {}))
      if (data?.sourcesContent?.includes(null)) delete data.sourcesContent
    writeFileSync(file, JSON.stringify(coverage))
  }
  const c8 = join(dirname(require.resolve('c8/package.json')), 'bin/c8.js')
  return spawnSync(process.execPath, [c8, 'report'], { cwd: root, stdio: 'inherit' }).status === 0
}
