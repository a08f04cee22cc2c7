import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../harness/cli/main.ts', import.meta.url))
const fromSource = ['--import', import.meta.resolve('tsx/esm'), main]

/** A program of Node's as a process of its own: the command line from source, unless told. */
export class Spawned implements AsyncDisposable {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  out = ''
  err = ''
  readonly #ended: Promise<unknown>

  constructor(
    words: readonly string[],
    folder: string,
    env: Readonly<Record<string, string>> = {},
    program: readonly string[] = fromSource,
  ) {
    const { PATH = '', HOME = '', SYSTEMROOT, TMPDIR } = process.env
    this.child = spawn(process.execPath, [...program, ...words], {
      cwd: folder,
      env: {
        PATH,
        HOME,
        ...(SYSTEMROOT === undefined ? {} : { SYSTEMROOT }),
        ...(TMPDIR === undefined ? {} : { TMPDIR }),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#ended = once(this.child, 'close')
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.out += text))
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.err += text))
  }

  /** Resolves once this stands on one of the outputs; rejects when the process ends before. */
  async says(text: RegExp): Promise<void> {
    while (!text.test(this.err) && !text.test(this.out)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`it ended without saying ${text}: ${this.err}${this.out}`)
      }
      await Promise.race([once(this.child.stderr, 'data'), once(this.child.stdout, 'data'), this.#ended])
    }
  }

  /** The exit status, or the name of the signal that killed it. */
  async ends(): Promise<number | NodeJS.Signals | null> {
    await this.#ended
    return this.child.exitCode ?? this.child.signalCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.#ended
  }
}
