import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

import {
  formatAddress,
  isWildcard,
  listenError,
  resolveListen,
  splitAddress,
} from '#proxies/embedded/server/address'
import type { Address } from '#proxies/embedded/server/address'
import { ProxiedConnection } from './proxied-connection.ts'
import { tooManyToxics } from '#proxies/embedded/server/errors'
import type { ProxyExtensions } from '#proxies/embedded/server/extensions'
import { recordLimit } from './connection-log.ts'
import type { ConnectionRecord } from './connection-log.ts'
import type { Metrics } from '#proxies/embedded/server/metrics'
import type { Toxic } from './toxic-stage.ts'

export interface ProxyDefinition {
  readonly name: string
  readonly listen: string
  readonly upstream: string
  readonly extensions: ProxyExtensions
}

/** A toxic that the API has validated, before it is added to a proxy. */
export type ToxicDefinition = Omit<Toxic, 'serial'>

/** What an update may change of a toxic. */
export type ToxicChange = Pick<Toxic, 'settings' | 'toxicity' | 'connections'>

export interface ProxyEnvironment {
  readonly seed: number
  readonly dialTimeoutMs: number
  readonly metrics: Metrics
}

/** Each connection of a proxy has a stage for each of its toxics. */
const toxicLimit = 1000
/** Connections that may wait to be accepted; the kernel may allow fewer. */
const backlog = 4096

/** One proxy: a listener, its toxics and its connections. */
export class Proxy {
  readonly name: string
  /** As the client sent it; once started, where it is bound. */
  listen: string
  upstream: string
  extensions: ProxyExtensions
  readonly #environment: ProxyEnvironment
  #server: Server | null = null
  readonly #connections = new Set<ProxiedConnection>()
  #closedRecords: ConnectionRecord[] = []
  /** Parsed once, not for each connection. */
  #resolvedUpstream: { readonly upstream: string; readonly address: Address | null } | null = null
  #acceptedCount = 0
  #toxics: readonly Toxic[] = []
  #serial = 0

  constructor(definition: ProxyDefinition, environment: ProxyEnvironment) {
    this.name = definition.name
    this.listen = definition.listen
    this.upstream = definition.upstream
    this.extensions = definition.extensions
    this.#environment = environment
  }

  get enabled(): boolean {
    return this.#server !== null
  }

  /** All upstream toxics, then the downstream ones, each in the order of creation. */
  get toxics(): readonly Toxic[] {
    return [
      ...this.#toxics.filter((toxic) => toxic.direction === 'upstream'),
      ...this.#toxics.filter((toxic) => toxic.direction === 'downstream'),
    ]
  }

  /** Live connections and the last closed ones, by number. */
  get connections(): readonly ConnectionRecord[] {
    return [...this.#closedRecords, ...[...this.#connections].map(({ record }) => record)].sort(
      (a, b) => a.number - b.number,
    )
  }

  /**
   * Ends live connections with FIN or RST.
   * @param numbers which connections; null: all.
   * @returns the numbers of those that it ended.
   */
  endConnections(how: 'close' | 'reset', numbers: readonly number[] | null): readonly number[] {
    const wanted = numbers === null ? null : new Set(numbers)
    const chosen = [...this.#connections].filter(({ number }) => wanted?.has(number) ?? true)
    for (const connection of chosen) {
      if (how === 'reset') connection.reset('reset by the API')
      else connection.destroy('closed by the API')
    }
    return chosen.map(({ number }) => number)
  }

  /** Binds the listener. @throws ApiError 500 */
  async start(): Promise<void> {
    if (this.#server !== null) return
    const address = await resolveListen(this.listen, 'listen tcp: ')
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) =>
      this.#accept(client),
    )
    const bound = await listen(server, address)
    server.on('error', () => undefined)
    this.#server = server
    this.listen = formatAddress(bound.address, bound.port)
  }

  /** Closes the listener and every connection at once. */
  stop(): void {
    const server = this.#server
    this.#server = null
    server?.close()
    for (const connection of this.#connections) connection.destroy('stopped')
  }

  /** Compares as the real server does: the resolved address to listen on, and the text of the upstream. */
  async differsFrom(listen: string, upstream: string): Promise<boolean> {
    const address = await resolveListen(listen)
    return this.listen !== formatAddress(address.host, address.port) || this.upstream !== upstream
  }

  /**
   * If the new listen address cannot be resolved, nothing changes. If it cannot be bound, the proxy is stopped with the new
   * definition, as the real server leaves it. If an unchanged proxy cannot be enabled, it stays as it was.
   * @throws ApiError 500
   */
  async update(request: Omit<ProxyDefinition, 'name'> & { readonly enabled: boolean }): Promise<void> {
    const { listen, upstream, enabled, extensions } = request
    const differs = await this.differsFrom(listen, upstream)
    const previousExtensions = this.extensions
    this.extensions = extensions
    if (differs) {
      this.stop()
      this.listen = listen
      this.upstream = upstream
    }
    if (!enabled) {
      this.stop()
      return
    }
    try {
      await this.start()
    } catch (error) {
      if (!differs) this.extensions = previousExtensions
      throw error
    }
  }

  toxic(name: string): Toxic | undefined {
    return this.#toxics.find((toxic) => toxic.name === name)
  }

  /** @throws ApiError 400 if there are too many. */
  addToxic(definition: ToxicDefinition): Toxic {
    if (this.#toxics.length >= toxicLimit) throw tooManyToxics(toxicLimit)
    this.#serial++
    const toxic: Toxic = { ...definition, serial: this.#serial }
    this.#toxics = [...this.#toxics, toxic]
    for (const connection of this.#connections) connection.addToxic(toxic)
    return toxic
  }

  updateToxic(toxic: Toxic, { settings, toxicity, connections }: ToxicChange): void {
    toxic.settings = settings
    toxic.toxicity = toxicity
    toxic.connections = connections
    for (const connection of this.#connections) connection.updateToxic(toxic)
  }

  removeToxic(toxic: Toxic): void {
    this.#toxics = this.#toxics.filter((each) => each !== toxic)
    for (const connection of this.#connections) connection.removeToxic(toxic)
  }

  removeAllToxics(): void {
    for (const toxic of this.#toxics) this.removeToxic(toxic)
  }

  #accept(client: Socket): void {
    this.#acceptedCount++
    const number = this.#acceptedCount
    const { seed } = this.extensions
    const labels = { listener: this.listen, proxy: this.name, upstream: this.upstream }
    const connection = new ProxiedConnection({
      client,
      number,
      upstream: this.upstream,
      address: this.#upstreamAddress(),
      // With its own seed, a proxy behaves the same under any name.
      seeds: seed === null ? [this.#environment.seed, this.name, number] : [seed, number],
      extensions: this.extensions,
      dialTimeoutMs: this.#environment.dialTimeoutMs,
      toxics: () => this.#toxics,
      closed: (ended) => {
        this.#connections.delete(ended)
        this.#remember(ended.record)
        this.#environment.metrics.count(labels, ended.chains)
      },
    })
    this.#connections.add(connection)
  }

  /** The address of `upstream`; null if it cannot be dialled. */
  #upstreamAddress(): Address | null {
    if (this.#resolvedUpstream?.upstream !== this.upstream) {
      const parts = splitAddress(this.upstream)
      const address =
        parts === null || parts.port === 0 ? null : { ...parts, host: parts.host || 'localhost' }
      this.#resolvedUpstream = { upstream: this.upstream, address }
    }
    return this.#resolvedUpstream.address
  }

  #remember(record: ConnectionRecord): void {
    this.#closedRecords.push(record)
    if (this.#closedRecords.length >= 2 * recordLimit)
      this.#closedRecords = this.#closedRecords.slice(-recordLimit)
  }
}

/** "Any interface" means both families if the machine has both, as in Go. */
async function listen(server: Server, address: Address): Promise<AddressInfo> {
  if (!isWildcard(address.host)) return tryListen(server, address)
  try {
    return await tryListen(server, { host: '::', port: address.port }, address)
  } catch (error) {
    const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code
    if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL' && code !== 'EINVAL') throw error
    return tryListen(server, { host: '0.0.0.0', port: address.port }, address)
  }
}

/** @throws ApiError 500 that shows the address as the client sent it. */
function tryListen(server: Server, address: Address, requested = address): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenError(requested, error))
    server.once('error', failed)
    server.listen({ host: address.host, port: address.port, backlog, exclusive: true }, () => {
      server.off('error', failed)
      resolve(server.address() as AddressInfo)
    })
  })
}
