/** Lets verbs wait for a state that events change. Every wait has a limit, and ends when the watch is stopped. */
export class Watch {
  readonly #waits = new Set<(over: boolean) => void>()
  #stopped = false

  /** The state has changed: every wait calls its probe. */
  changed(): void {
    for (const look of this.#waits) look(false)
  }

  /**
   * The first value other than undefined that the probe returns, now or after a change. Undefined after `withinMs` on
   * the monotonic clock (a timer alone may fire early), and when the watch is stopped.
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

  /** Ends every wait, present and future, with the value that its probe returns at that moment. */
  stop(): void {
    this.#stopped = true
    for (const look of this.#waits) look(true)
  }
}
