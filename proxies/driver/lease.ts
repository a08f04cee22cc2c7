import type { ToxiproxyClient } from '#proxies/driver/api/client'

/**
 * Shows other runs on a shared Toxiproxy that this run is active, however long it holds a proxy. The lease is a proxy
 * with a recent time in its name, disabled so that it needs no port. It is renewed until the run ends.
 */
export class Lease {
  readonly #client: ToxiproxyClient
  readonly #freshName: () => string | null
  readonly #timer: NodeJS.Timeout
  #currentName: string | null = null
  #renewal: Promise<void> = Promise.resolve()

  /** @param freshName returns a name with the current time, or null while the run holds no proxy and needs no lease. */
  constructor(client: ToxiproxyClient, everyMs: number, freshName: () => string | null) {
    this.#client = client
    this.#freshName = freshName
    this.#timer = setInterval(() => {
      // If the renewal fails, the next one tries again.
      this.#renewal = this.#renewal.then(() => this.#renew()).catch(() => undefined)
    }, everyMs)
    this.#timer.unref()
  }

  /** Never rejects: a lease that cannot be removed is removed by a later run as an orphan. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#renewal
    await this.#remove(this.#currentName).catch(() => undefined)
  }

  async #renew(): Promise<void> {
    const name = this.#freshName()
    if (name === null) return
    const previousName = this.#currentName
    await this.#client.createProxy({ name, listen: '127.0.0.1:0', upstream: '127.0.0.1:9', enabled: false })
    this.#currentName = name
    await this.#remove(previousName)
  }

  async #remove(name: string | null): Promise<void> {
    if (name !== null) await this.#client.removeProxy(name)
  }
}
