import { SetupError, UsageError } from '#model/errors'
import { EngineError } from '#proxies/types'

/** The exit statuses, as the outside may rely on them. Of several reasons the one furthest up counts. */
export const exitCodes = {
  interrupted: 130,
  hungUp: 129,
  terminated: 143,
  harnessError: 4,
  setup: 3,
  usage: 2,
  fellShort: 1,
  fine: 0,
} as const

/** The status that an error which ended a command stands for. What nobody foresaw is our own fault. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage
  if (error instanceof SetupError || error instanceof EngineError) return exitCodes.setup
  return exitCodes.harnessError
}

/** True for errors whose message was written for the person at the keyboard. */
export function isForeseen(error: unknown): error is Error {
  return error instanceof UsageError || error instanceof SetupError || error instanceof EngineError
}
