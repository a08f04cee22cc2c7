// Every test of `test/.mocharc.json` in three processes side by side, since tests of waits mostly wait. What a process
// says is shown in one piece and in order: the first as it comes, the others once those before them are done.
// mocha runs without --exit: a socket, timer or process that a test leaves open keeps its process from exiting.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { stripVTControlCharacters } from 'node:util'

/** Folders that run apart; the last process takes whatever no other has. */
const apart = [
  ['cli', 'target'],
  ['proxies', 'peers'],
]

const config = JSON.parse(readFileSync(new URL('../test/.mocharc.json', import.meta.url), 'utf8'))
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js')
const filesOf = (folders) => folders.map((folder) => `test/${folder}/**/*.test.ts`)
const lanes = [
  ...apart.map((folders) => ({ spec: filesOf(folders), ignore: [] })),
  { spec: config.spec, ignore: filesOf(apart.flat()) },
]

const running = lanes.map(start)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => running.forEach(({ child }) => child.kill(signal)))
}
for (const lane of running) {
  lane.show()
  await lane.ended
}

const counted = (word) =>
  running.reduce(
    (sum, { said }) => sum + Number(new RegExp(`^ +(\\d+) ${word}`, 'm').exec(said())?.[1] ?? 0),
    0,
  )
const broken = running.filter(({ code }) => code() !== 0)
console.log(`\n${counted('passing')} passed, ${counted('failing')} failed, ${counted('pending')} skipped`)
if (broken.length > 0) console.error(`${broken.length} of ${running.length} processes failed; see above`)
process.exitCode = broken.length > 0 ? 1 : 0

function start({ spec, ignore }) {
  const options = [
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
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'pipe'] })
  let shown = false
  let code = null
  let text = ''
  const hear = (chunk) => {
    text += chunk
    if (shown) process.stdout.write(chunk)
  }
  child.stdout.setEncoding('utf8').on('data', hear)
  child.stderr.setEncoding('utf8').on('data', hear)
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
    // Counts are read without the colours of a terminal.
    said: () => stripVTControlCharacters(text),
    show() {
      shown = true
      process.stdout.write(text)
    },
  }
}
