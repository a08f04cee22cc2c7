/**
 * Owns what a check, a command or a run opens. Closes everything in reverse order; errors of closers are collected, so
 * that they never hide an earlier error.
 */
export class Scope implements AsyncDisposable {
  #closers: (() => unknown)[] = []
  #closing: Promise<readonly unknown[]> | null = null

  get closed(): boolean {
    return this.#closing !== null
  }

  /** Registers a closer. If the scope is closed already, the closer runs at once. */
  defer(closer: () => unknown): void {
    if (this.#closing === null) this.#closers.push(closer)
    else void attempt(closer)
  }

  /** Runs the closers, last first, and returns the errors that they threw. A second call returns the same promise. */
  close(): Promise<readonly unknown[]> {
    this.#closing ??= this.#run()
    return this.#closing
  }

  async #run(): Promise<readonly unknown[]> {
    const errors: unknown[] = []
    for (;;) {
      const closer = this.#closers.pop()
      if (closer === undefined) return errors
      const error = await attempt(closer)
      if (error !== undefined) errors.push(error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

async function attempt(closer: () => unknown): Promise<unknown> {
  try {
    await closer()
    return undefined
  } catch (error) {
    return error ?? new Error('a closer threw undefined')
  }
}
