import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { CommandResult } from './in-process.ts'

/** Timeouts are a fifth of the default. */
export const hasty = ['--timeout-scale', '0.2', '--quiet']

/** Expects one line on stderr, nothing on stdout, no report, and this exit status. */
export function expectRefusal(result: CommandResult, folder: string, status: number, line: RegExp): void {
  expect(result.lines, result.err).to.have.length(1)
  expect(result.lines[0]).to.match(line)
  expect(result.lines[0]).to.match(/^streamproof: /)
  expect(result.lines[0]).not.to.match(/\bat (Object|file|node:|async )|undefined|\[object/)
  expect(result.status, result.err).to.equal(status)
  expect(result.out).to.equal('')
  expect(existsSync(join(folder, 'streamproof-report'))).to.equal(false)
}
