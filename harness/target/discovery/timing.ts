/** Notes how long answers took, where they came: a slow target gets longer limits. */
export class Timing {
  #slowestMs = 0

  /** The slowest answer so far, in ms. */
  get slowestMs(): number {
    return this.#slowestMs
  }

  async of<T>(answer: () => Promise<T>): Promise<T> {
    const asked = performance.now()
    const value = await answer()
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - asked)
    return value
  }
}
