/** Lets verbs wait for a state that events bring about. Every wait has a limit; none outlives its owner. */
export class Watch {
  readonly #waits = new Set<(over: boolean) => void>()
  #stopped = false

  /** Something changed: every wait looks again. */
  changed(): void {
    for (const look of this.#waits) look(false)
  }

  /**
   * The first value other than undefined that the probe gives: now, or after any change. Undefined when `withinMs`
   * have passed on the monotonic clock (a timer alone may fire early), or when the watch is stopped.
   */
  until<T>(probe: () => T | undefined, withinMs: number): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + withinMs
      let timer: NodeJS.Timeout | undefined
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        this.#waits.delete(look)
        act()
      }
      const look = (over: boolean): void => {
        try {
          const value = probe()
          if (value !== undefined || over) settle(() => resolve(value))
        } catch (error) {
          settle(() => reject(error))
        }
      }
      const arm = (): void => {
        const left = deadline - performance.now()
        if (left <= 0) look(true)
        else timer = setTimeout(arm, Math.ceil(left))
      }
      this.#waits.add(look)
      look(this.#stopped)
      if (this.#waits.has(look)) arm()
    })
  }

  /** Ends every wait, now and later, with what its probe gives at that moment. */
  stop(): void {
    this.#stopped = true
    for (const look of this.#waits) look(true)
  }
}
