import { UsageError } from '#model/errors'
import type { CommandInput } from './configuration.ts'
import { flagOf } from './options.ts'
import type { Terminal } from '#cli/output/terminal'
import type { Product } from '#cli/product'

/** The input of a command, and the terminal that it prints to. */
export interface Invocation extends CommandInput {
  readonly terminal: Terminal
  readonly product: Product
}

/** Runs a command, and resolves with the exit status. */
export type CommandHandler = (invocation: Invocation) => Promise<number>

/** The text of a flag that takes one value; null if it was not given. */
export function flagText({ flags }: Invocation, name: string): string | null {
  const value = flags[name]
  return typeof value === 'string' ? value : null
}

/**
 * A TCP port from a flag; null if it was not given.
 * @throws UsageError if it is not a number from 0 to 65535.
 */
export function flagPort(invocation: Invocation, name: string): number | null {
  const text = flagText(invocation, name)
  if (text === null) return null
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new UsageError(`${flagOf(name)} takes a port from 0 to 65535`)
}
