/**
 * Owner of what a check, a command or a run opens. Closed in reverse order, always whole; an error of closing is
 * collected, so that it never hides the first error.
 */
export class Scope implements AsyncDisposable {
  #closers: (() => unknown)[] = []
  #closing: Promise<readonly unknown[]> | null = null

  get closed(): boolean {
    return this.#closing !== null
  }

  /** Registers a closer. On a scope that is closed already it runs at once. */
  defer(closer: () => unknown): void {
    if (this.#closing === null) this.#closers.push(closer)
    else void attempt(closer)
  }

  /** Runs the closers, last first, and gives the errors that they threw. A second call gives the same promise. */
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
    return error ?? new Error('a closer threw nothing')
  }
}
