import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { writeWhole } from './files.ts'
import type { Terminal } from './terminal.ts'

/** Writes the stack of a harness error to a file. Returns where the file is, or that it could not be written. */
export function keepDetails(error: unknown, terminal: Terminal): string {
  const path = join(tmpdir(), `streamproof-error-${process.pid}.txt`)
  try {
    writeWhole(path, `${terminal.masked(inspect(error, { depth: 4 }))}\n`)
    return `details: ${path}`
  } catch {
    return 'its details could not be written to a file'
  }
}
