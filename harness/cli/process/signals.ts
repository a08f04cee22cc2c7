import { exitCodes } from './exit.ts'
import type { Terminal } from '#cli/output/terminal'

const statuses = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  SIGHUP: exitCodes.hungUp,
} as const

export type EndingSignal = keyof typeof statuses

/** How long cleaning up may take after a signal, before the process ends without it. */
const patienceMs = 15_000

export interface Interruption {
  /** Aborted by the first signal, whose name is the reason. */
  readonly signal: AbortSignal
  /** The exit status that the signal asks for; null while none came. */
  exitCode(): number | null
  /** Gives the signals back. */
  release(): void
}

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort, so that proxies are removed and a partial report is
 * written; a second one ends the process at once. `what` is said on stderr when the first one comes; null: nothing.
 */
export function interruptible(terminal: Terminal, what: string | null): Interruption {
  const controller = new AbortController()
  let code: number | null = null
  let deadline: NodeJS.Timeout | undefined
  const onSignal = (name: EndingSignal): void => {
    if (code !== null) process.exit(statuses[name])
    code = statuses[name]
    if (what !== null) terminal.diagnose(`${name}: ${what}; once more ends at once`)
    deadline = setTimeout(() => process.exit(statuses[name]), patienceMs)
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

/** For commands that serve until they are ended: resolves when a signal comes, with the exit status. */
export function untilSignalled(interruption: Interruption): Promise<number> {
  const { signal } = interruption
  return new Promise((resolve) => {
    const done = (): void => resolve(interruption.exitCode() ?? exitCodes.fine)
    // A pending listener does not keep the process alive, and a server that died must not leave it hanging anyway.
    if (signal.aborted) done()
    else signal.addEventListener('abort', done, { once: true })
  })
}
