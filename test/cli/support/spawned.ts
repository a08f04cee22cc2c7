import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../../harness/cli/main.ts', import.meta.url))
const fromSource = ['--import', import.meta.resolve('tsx/esm'), main]

/** A Node program in a child process; by default the command line, from source. */
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

  /** Resolves once the text is in the output; rejects if the process exits before. */
  async printed(text: RegExp): Promise<void> {
    while (!text.test(this.err) && !text.test(this.out)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`the process exited without printing ${text}: ${this.err}${this.out}`)
      }
      await Promise.race([once(this.child.stderr, 'data'), once(this.child.stdout, 'data'), this.#ended])
    }
  }

  /** Resolves with the exit status, or the name of the signal that killed the process. */
  async ends(): Promise<number | NodeJS.Signals | null> {
    await this.#ended
    return this.child.exitCode ?? this.child.signalCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.#ended
  }
}
