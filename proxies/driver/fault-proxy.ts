import type { ToxiproxyClient } from '#proxies/driver/api/client'
import { parseConnectionLog } from '#proxies/driver/api/connection-log'
import { ToxiproxyCallError } from '#proxies/driver/api/transport'
import { EngineError } from '#proxies/types'
import type { Fault, FaultProxy, LinkDown, LoggedConnection } from '#proxies/types'

/** Bytes. A longer connection log is not reported. */
const logByteLimit = 1024 * 1024

/** Where a proxy is, and whether its engine keeps a connection log. */
export interface ProxyAddress {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly keepsLog: boolean
}

/** A proxy of this run, controlled through the API of its engine. */
export class DrivenProxy implements FaultProxy {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly #client: ToxiproxyClient
  readonly #keepsLog: boolean
  readonly #closed: () => void
  #toxics: readonly string[] = []
  /** Toxics created so far. Each gets a name of its own, so that the log distinguishes them. */
  #toxicCount = 0
  /** Names of the toxics of each fault, as it was last set. */
  readonly #toxicNames = new WeakMap<Fault, ReadonlySet<string>>()
  #closing: Promise<void> | null = null

  constructor(client: ToxiproxyClient, address: ProxyAddress, closed: () => void) {
    this.#client = client
    this.name = address.name
    this.host = address.host
    this.port = address.port
    this.#keepsLog = address.keepsLog
    this.#closed = closed
  }

  async setFaults(faults: readonly Fault[]): Promise<void> {
    await this.#withEngineErrors(async () => {
      for (const toxic of this.#toxics) await this.#client.removeToxic(this.name, toxic)
      this.#toxics = []
      for (const fault of faults) {
        const names = fault.toxics.map(({ type }) => `${type}-${++this.#toxicCount}`)
        this.#toxicNames.set(fault, new Set(names))
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
    await this.#withEngineErrors(() => this.#client.updateProxy(this.name, { enabled }))
  }

  async loggedConnections(
    fault: Fault | LinkDown,
    withinMs: number,
  ): Promise<readonly LoggedConnection[] | null> {
    if (!this.#keepsLog) return null
    const toxics = 'toxics' in fault ? (this.#toxicNames.get(fault) ?? new Set<string>()) : null
    try {
      const limits = { timeoutMs: Math.ceil(withinMs), mostBytes: logByteLimit }
      return parseConnectionLog(await this.#client.connections(this.name, limits), toxics)
    } catch {
      return null
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#withEngineErrors(async () => {
      await removeProxy(this.#client, this.name)
      this.#closed()
    })
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #withEngineErrors(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      throw asEngineError(error, this.#client.url)
    }
  }
}

/** Removes a proxy; succeeds if it does not exist. */
export async function removeProxy(client: ToxiproxyClient, name: string): Promise<void> {
  try {
    await client.removeProxy(name)
  } catch (error) {
    if (!(error instanceof ToxiproxyCallError && error.status === 404)) throw error
  }
}

/** Converts an error of a call into one that says what is wrong with the engine and what to do. */
export function asEngineError(error: unknown, url: string): EngineError {
  if (error instanceof EngineError) return error
  const cause = error as Error
  if (error instanceof ToxiproxyCallError && error.status === null) {
    // Node's fetch refuses the ports that the Fetch standard blocks, whatever listens there.
    if (error.detail === 'bad port') {
      return new EngineError(
        `cannot call the Toxiproxy at ${url}: port ${new URL(url).port} is on the Fetch standard's list of blocked ports. Let it listen on another port, such as 8474, or use --proxy embedded`,
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
