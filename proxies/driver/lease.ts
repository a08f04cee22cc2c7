import type { ToxiproxyClient } from '#proxies/driver/api/client'

/**
 * Tells other runs on a shared Toxiproxy that this one lives, however long it holds a proxy: by a proxy of a young name
 * that is disabled, so that it takes no port. It is renewed, and goes away with the run.
 */
export class SignOfLife {
  readonly #client: ToxiproxyClient
  readonly #freshName: () => string | null
  readonly #timer: NodeJS.Timeout
  #shown: string | null = null
  #work: Promise<void> = Promise.resolve()

  /** @param freshName a name of now; null: nothing is held at the moment, so nothing need be told. */
  constructor(client: ToxiproxyClient, everyMs: number, freshName: () => string | null) {
    this.#client = client
    this.#freshName = freshName
    this.#timer = setInterval(() => {
      // What cannot be told now is told the next time.
      this.#work = this.#work.then(() => this.#renew()).catch(() => undefined)
    }, everyMs)
    this.#timer.unref()
  }

  /** Never rejects: a sign that cannot be taken away is swept once it is old. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#work
    await this.#remove(this.#shown).catch(() => undefined)
  }

  async #renew(): Promise<void> {
    const name = this.#freshName()
    if (name === null) return
    const before = this.#shown
    await this.#client.createProxy({ name, listen: '127.0.0.1:0', upstream: '127.0.0.1:9', enabled: false })
    this.#shown = name
    await this.#remove(before)
  }

  async #remove(name: string | null): Promise<void> {
    if (name !== null) await this.#client.removeProxy(name)
  }
}
