import { EventEmitter } from 'node:events'
import type { Product } from '#cli/product'
import { main } from '#cli/program'
import { Terminal } from '#cli/output/terminal'

/** The exit status and the output of a command line. */
export interface CommandResult {
  readonly status: number
  readonly out: string
  readonly err: string
  /** Lines on stderr that are diagnostics; progress notes are off. */
  readonly lines: readonly string[]
}

class Output extends EventEmitter {
  written = ''

  write(text: string): boolean {
    this.written += text
    return true
  }
}

/** Runs a command line in this process, without a terminal. Anything that it leaves open keeps mocha from exiting. */
export async function streamproof(
  words: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
  product?: Product,
): Promise<CommandResult> {
  const [out, err] = [new Output(), new Output()]
  const status = await main(words, new Terminal(out as never, err as never), {
    env,
    folder,
    ...(product === undefined ? {} : { product }),
  })
  const lines = err.written.split('\n').filter((line) => line !== '')
  return { status, out: out.written, err: err.written, lines }
}
