import { UsageError } from '#model/errors'
import type { Given } from './configuration.ts'
import { flagOf } from './options.ts'
import type { Terminal } from '#cli/output/terminal'

/** What a command was given: arguments, the text of each flag that stood on the command line, and where to speak. */
export interface Invocation extends Given {
  readonly terminal: Terminal
}

/** A command. Gives the exit status. */
export type Act = (invocation: Invocation) => Promise<number>

/** The text of a flag that takes one value; null where it was not given. */
export function flagText({ flags }: Invocation, name: string): string | null {
  const value = flags[name]
  return typeof value === 'string' ? value : null
}

/** A TCP port from a flag; null where it was not given. */
export function flagPort(invocation: Invocation, name: string): number | null {
  const text = flagText(invocation, name)
  if (text === null) return null
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new UsageError(`${flagOf(name)} takes a port from 0 to 65535`)
}
