import type { ToxiproxyClient } from '#proxies/driver/api/client'
import { recordsIn } from '#proxies/driver/api/connection-log'
import { ToxiproxyCallError } from '#proxies/driver/api/transport'
import { EngineError } from '#proxies/types'
import type { Fault, FaultProxy, LinkDown, LoggedConnection } from '#proxies/types'

/** Bytes of an event log: of a longer one nothing is told. */
const mostOfLog = 1024 * 1024

/** Where a proxy is, and what its engine can tell of it. */
export interface LinkPlace {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly keepsLog: boolean
}

/** A proxy of this run, driven by the API of its engine. */
export class OpenLink implements FaultProxy {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly #client: ToxiproxyClient
  readonly #keepsLog: boolean
  readonly #closed: () => void
  #faults: readonly Fault[] = []
  #toxics: readonly string[] = []
  /** Toxics that there ever were: each has a name of its own, so that a log tells them apart. */
  #count = 0
  /** Names of the toxics of a fault, as it was last set. */
  readonly #named = new WeakMap<Fault, ReadonlySet<string>>()
  #closing: Promise<void> | null = null

  constructor(client: ToxiproxyClient, place: LinkPlace, closed: () => void) {
    this.#client = client
    this.name = place.name
    this.host = place.host
    this.port = place.port
    this.#keepsLog = place.keepsLog
    this.#closed = closed
  }

  get faults(): readonly Fault[] {
    return this.#faults
  }

  async setFaults(faults: readonly Fault[]): Promise<void> {
    await this.#asEngine(async () => {
      for (const toxic of this.#toxics) await this.#client.removeToxic(this.name, toxic)
      this.#toxics = []
      this.#faults = faults
      for (const fault of faults) {
        const names = fault.toxics.map(({ type }) => `${type}-${++this.#count}`)
        this.#named.set(fault, new Set(names))
        for (const [index, spec] of fault.toxics.entries()) {
          const { name } = await this.#client.addToxic(this.name, {
            ...spec,
            name: names[index] ?? spec.type,
          })
          this.#toxics = [...this.#toxics, name]
        }
      }
    })
  }

  async setEnabled(enabled: boolean): Promise<void> {
    await this.#asEngine(() => this.#client.updateProxy(this.name, { enabled }))
  }

  async loggedConnections(
    fault: Fault | LinkDown,
    withinMs: number,
  ): Promise<readonly LoggedConnection[] | null> {
    if (!this.#keepsLog) return null
    const toxics = 'toxics' in fault ? (this.#named.get(fault) ?? new Set<string>()) : null
    try {
      const limits = { timeoutMs: Math.ceil(withinMs), mostBytes: mostOfLog }
      return recordsIn(await this.#client.connections(this.name, limits), toxics)
    } catch {
      return null
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#asEngine(async () => {
      await removeProxy(this.#client, this.name)
      this.#closed()
    })
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #asEngine(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      throw asEngineError(error, this.#client.url)
    }
  }
}

/** Gone already is gone. */
export async function removeProxy(client: ToxiproxyClient, name: string): Promise<void> {
  try {
    await client.removeProxy(name)
  } catch (error) {
    // Gone already: all that was wanted.
    if (!(error instanceof ToxiproxyCallError && error.status === 404)) throw error
  }
}

/** What went wrong with an engine, and what to do. */
export function asEngineError(error: unknown, url: string): EngineError {
  if (error instanceof EngineError) return error
  const cause = error as Error
  if (error instanceof ToxiproxyCallError && error.status === null) {
    // Node's fetch calls none of the ports that the Fetch standard blocks, whatever listens there.
    if (error.detail === 'bad port') {
      return new EngineError(
        `no HTTP client of this kind calls port ${new URL(url).port} (it is on the Fetch standard's list of blocked ports): let the Toxiproxy at ${url} listen on another, such as 8474, or use --proxy embedded`,
        { cause },
      )
    }
    return new EngineError(
      `the Toxiproxy at ${url} does not answer (${error.detail}): start it, or use --proxy embedded`,
      { cause },
    )
  }
  return new EngineError(`the Toxiproxy at ${url} refused: ${cause.message}; try --proxy embedded`, { cause })
}
