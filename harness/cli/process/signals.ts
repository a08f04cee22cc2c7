import { exitCodes } from './exit.ts'
import type { Terminal } from '#cli/output/terminal'

const statuses = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  SIGHUP: exitCodes.hungUp,
} as const

type EndingSignal = keyof typeof statuses

/** Cleaning up after a signal may take this long, in ms; then the process exits without it. */
const cleanupMs = 15_000

export interface Interruption {
  /** Aborted by the first signal, whose name is the reason. */
  readonly signal: AbortSignal
  /** The exit status for the signal; null as long as there was none. */
  exitCode(): number | null
  /** Stops handling signals. */
  release(): void
}

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort, so that proxies are removed and a partial report is
 * written. A second one exits the process at once.
 * @param cleanup what the command does before it exits, printed after the first signal; null prints nothing.
 */
export function interruptible(terminal: Terminal, cleanup: string | null): Interruption {
  const controller = new AbortController()
  let code: number | null = null
  let deadline: NodeJS.Timeout | undefined
  const onSignal = (name: EndingSignal): void => {
    if (code !== null) process.exit(statuses[name])
    code = statuses[name]
    if (cleanup !== null) terminal.diagnose(`received ${name}: ${cleanup}; send it again to exit immediately`)
    deadline = setTimeout(() => process.exit(statuses[name]), cleanupMs)
    deadline.unref()
    controller.abort(name)
  }
  const names = Object.keys(statuses) as EndingSignal[]
  for (const name of names) process.on(name, onSignal)
  return {
    signal: controller.signal,
    exitCode: () => code,
    release: () => {
      clearTimeout(deadline)
      for (const name of names) process.off(name, onSignal)
    },
  }
}

/** For commands that serve until a signal arrives: resolves with the exit status. */
export function untilSignalled(interruption: Interruption): Promise<number> {
  const { signal } = interruption
  return new Promise((resolve) => {
    const done = (): void => resolve(interruption.exitCode() ?? exitCodes.ok)
    // The listener alone does not keep the process alive: if the server fails, the process exits.
    if (signal.aborted) done()
    else signal.addEventListener('abort', done, { once: true })
  })
}
