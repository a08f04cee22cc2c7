import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { writeWhole } from './files.ts'
import type { Terminal } from './terminal.ts'

/** Keeps what would be noise on a terminal: the stack of an error of ours. Says where, or that it could not. */
export function keepDetails(error: unknown, terminal: Terminal): string {
  const path = join(tmpdir(), `streamproof-error-${process.pid}.txt`)
  try {
    writeWhole(path, `${terminal.masked(inspect(error, { depth: 4 }))}\n`)
    return `details: ${path}`
  } catch {
    return 'its details could not be kept'
  }
}
