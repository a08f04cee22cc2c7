import { SetupError, UsageError } from '#model/errors'
import { EngineError } from '#proxies/types'

/** The exit statuses. If several apply, the first one of this list is used. */
export const exitCodes = {
  interrupted: 130,
  hungUp: 129,
  terminated: 143,
  harnessError: 4,
  setup: 3,
  usage: 2,
  failed: 1,
  ok: 0,
} as const

/** The exit status for an error that ended a command. An unexpected error is a fault of the harness. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage
  if (error instanceof SetupError || error instanceof EngineError) return exitCodes.setup
  return exitCodes.harnessError
}

/** True for errors whose message is written for the user: no stack is needed to understand them. */
export function isExpected(error: unknown): error is Error {
  return error instanceof UsageError || error instanceof SetupError || error instanceof EngineError
}
