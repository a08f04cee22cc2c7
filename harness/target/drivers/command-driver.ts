import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Crash, DrivenTarget, TargetDriver } from './driver.ts'

export interface CommandOptions {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly [program: string, ...words: string[]]
  /** Checks that may use the command at once; null, the default: as many as the run has jobs. */
  readonly maxConcurrent?: number | null
  /** Exit statuses that are no crash; 0 by default. */
  readonly expectedStatuses?: readonly number[]
}

/** What one process is started with, besides the command. */
export interface StartOptions {
  /** Further arguments, after those of the command. */
  readonly words?: readonly string[]
  /** Environment variables, in addition to the harness's own. */
  readonly env?: Readonly<Record<string, string>>
}

/** A process of the command. */
export interface CommandProcess {
  readonly isRunning: boolean
  /** Ends it, which is no crash, and waits until it has exited. A process that was stopped is not started again. */
  stop(): Promise<void>
}

/** How long a process may take to exit after SIGTERM before it is killed, in ms. */
const terminationMs = 2000

/**
 * A target that is a command, such as a client that connects to the harness. Each check may start a process of its own,
 * or one process may serve the whole run. The target is alive until a process exits with an unexpected status.
 */
export class CommandDriver implements TargetDriver {
  readonly target: DrivenTarget
  readonly maxConcurrent: number | null
  readonly #options: CommandOptions
  readonly #processes = new Set<SpawnedProcess>()
  readonly #listeners = new Set<() => void>()
  #crash: Crash | null = null

  constructor(target: DrivenTarget, options: CommandOptions) {
    this.target = target
    this.maxConcurrent = options.maxConcurrent ?? null
    this.#options = options
  }

  /** Starts a process. One that cannot be started counts as crashed. */
  start(options: StartOptions = {}): CommandProcess {
    const { command, expectedStatuses = [0] } = this.#options
    const started = new SpawnedProcess(command, options, (exit) => {
      const expected = exit.status !== null && expectedStatuses.includes(exit.status)
      if (expected) this.#processes.delete(started)
      else this.#crashed(exit.description)
    })
    this.#processes.add(started)
    return {
      get isRunning() {
        return started.isRunning
      },
      stop: () => {
        this.#processes.delete(started)
        return started.stop()
      },
    }
  }

  async isAlive(): Promise<boolean> {
    return this.#crash === null
  }

  /** A command opens its connections itself, so nothing can refuse them while it is alive. */
  acceptsConnections(): Promise<boolean> {
    return this.isAlive()
  }

  crashed(): Crash | null {
    return this.#crash
  }

  onCrash(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Forgets the crash, and starts every crashed process again that its owner has not stopped. */
  async restart(): Promise<void> {
    this.#crash = null
    for (const started of this.#processes) if (!started.isRunning) started.run()
  }

  /** Stops every process. */
  async close(): Promise<void> {
    const processes = [...this.#processes]
    this.#processes.clear()
    await Promise.all(processes.map((started) => started.stop()))
  }

  #crashed(cause: string): void {
    this.#crash ??= { cause }
    for (const listener of this.#listeners) listener()
  }
}

interface Exit {
  /** Null if a signal ended the process, or if it never started. */
  readonly status: number | null
  readonly description: string
}

class SpawnedProcess {
  readonly #command: CommandOptions['command']
  readonly #options: StartOptions
  readonly #exited: (exit: Exit) => void
  #child: ChildProcess | null = null
  #stopped = false

  /** @param exited called when the process exits without having been stopped; never before `run()` returns. */
  constructor(command: CommandOptions['command'], options: StartOptions, exited: (exit: Exit) => void) {
    this.#command = command
    this.#options = options
    this.#exited = exited
    this.run()
  }

  get isRunning(): boolean {
    return this.#child !== null
  }

  run(): void {
    const [program, ...words] = this.#command
    const { words: further = [], env = {} } = this.#options
    const child = spawn(program, [...words, ...further], {
      env: { ...process.env, ...env },
      stdio: 'ignore',
    })
    this.#child = child
    const ended = (exit: Exit): void => {
      if (this.#child !== child) return
      this.#child = null
      if (!this.#stopped) this.#exited(exit)
    }
    child.once('error', (error: NodeJS.ErrnoException) =>
      ended({ status: null, description: `could not be started (${error.code ?? error.message})` }),
    )
    child.once('exit', (status, signal) =>
      ended({
        status,
        description: signal === null ? `exited with status ${String(status)}` : `was killed by ${signal}`,
      }),
    )
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const child = this.#child
    if (child === null) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), terminationMs)
      const exited = (): void => {
        clearTimeout(timer)
        resolve()
      }
      child.once('exit', exited)
      child.once('error', exited)
      child.kill()
    })
  }
}
