import { ToxiproxyClient } from '#proxies/driver/api/client'
import { testEngine, testTargets } from './self-test.ts'
import { orphanedProxies, proxyName, leaseRenewalMs } from './proxy-names.ts'
import { DrivenProxy, asEngineError, removeProxy } from './fault-proxy.ts'
import { checkPlacement, placementOf } from './placement.ts'
import type { Placement } from './placement.ts'
import { Lease } from './lease.ts'
import { apiUrl, oldestToxiproxy, startEmbedded, startToxiproxy } from './start-server.ts'
import type { ApiServer } from './start-server.ts'
import { ToxiproxyCallError } from '#proxies/driver/api/transport'
import { EngineError } from '#proxies/types'
import type { Engine, EngineOptions, Fault, FaultProxy } from '#proxies/types'

/** Time limit of each call of the API. A real Toxiproxy in a deadlock answers after 25 s, or never. */
const callLimitMs = 8000

/**
 * Starts an engine or attaches to one, and tests it: a connection passes through it, and another is cut by it.
 * @param renewEveryMs how often the run renews its lease on a shared engine.
 * @throws EngineError whose message is one line that says what to do. Everything that was started is stopped then.
 */
export async function openEngine(options: EngineOptions, renewEveryMs = leaseRenewalMs): Promise<Engine> {
  const timeScale = options.timeScale ?? 1
  // Before anything is started: an invalid option must not leave a running server.
  checkPlacement(options)
  const server = await findServer(options, timeScale)
  const client = new ToxiproxyClient(server.url, callLimitMs * timeScale)
  const engine = new EngineDriver(server, client, options, renewEveryMs)
  try {
    await engine.identify()
    // If orphans cannot be removed, the self-test reports what is wrong, if anything is.
    await engine.removeOrphans().catch(() => undefined)
    await testEngine(engine, timeScale)
    await testTargets(engine, options.targets ?? [], timeScale)
  } catch (error) {
    await engine.close().catch(() => undefined)
    throw asEngineError(error, server.url)
  }
  return engine
}

async function findServer(options: EngineOptions, timeScale: number): Promise<ApiServer> {
  const env = options.env ?? process.env
  const envUrl = env['TOXIPROXY_URL']
  const choice =
    options.choice === 'auto' ? (envUrl === undefined || envUrl === '' ? 'embedded' : envUrl) : options.choice
  if (choice === 'embedded') return startEmbedded()
  if (choice === 'toxiproxy') return startToxiproxy(env, timeScale)
  const { origin, pathname } = apiUrl(choice)
  return {
    url: `${origin}${pathname === '/' ? '' : pathname}`,
    isOwned: false,
    stop: () => Promise.resolve(),
  }
}

class EngineDriver implements Engine {
  kind: 'embedded' | 'toxiproxy' = 'toxiproxy'
  version = ''
  readonly remarks: string[] = []
  readonly placement: Placement
  readonly #server: ApiServer
  readonly #client: ToxiproxyClient
  readonly #runId: string
  readonly #openNames = new Set<string>()
  /**
   * Of `placement.listenAddresses`, those in use, and the index of the next to try. Addresses take turns, so that a freed
   * one rests for as long as possible.
   */
  readonly #usedAddresses = new Set<string>()
  #nextAddress = 0
  /** The server's clock minus ours, in ms. Runs on several machines that share a server name proxies by its clock. */
  #clockAhead = 0
  #count = 0
  #closing: Promise<void> | null = null
  readonly #lease: Lease | null

  constructor(server: ApiServer, client: ToxiproxyClient, options: EngineOptions, renewEveryMs: number) {
    this.#server = server
    this.#client = client
    this.#runId = options.runId
    this.placement = placementOf(client.url, options)
    // A server that this run started has no other runs to show a lease to.
    this.#lease = server.isOwned
      ? null
      : new Lease(client, renewEveryMs, () => (this.#openNames.size === 0 ? null : this.#freshName()))
  }

  get api(): string {
    return this.#client.url
  }

  /** Reads kind and version. @throws Error if it is not a Toxiproxy, or EngineError if it is too old. */
  async identify(): Promise<void> {
    const { version, embedded, clock } = await this.#client.version()
    if (isOlder(version, oldestToxiproxy)) {
      throw new EngineError(
        `the Toxiproxy at ${this.api} is version ${version}, which is too old. Use ${oldestToxiproxy} or later, or --proxy embedded`,
      )
    }
    if (versionNumbers(version) === null) {
      this.remarks.push(
        `the Toxiproxy reports no version number, only "${version.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 40)}". It must be ${oldestToxiproxy} or later`,
      )
    }
    this.kind = embedded === null ? 'toxiproxy' : 'embedded'
    this.version = embedded ?? version
    if (clock !== null) this.#clockAhead = clock - Date.now()
  }

  open(
    upstream: { readonly host: string; readonly port: number },
    faults: readonly Fault[] = [],
  ): Promise<FaultProxy> {
    return this.openTo(this.placement.upstream(upstream.host, upstream.port), faults)
  }

  /** Opens a proxy to an address, as the Toxiproxy dials it. */
  async openTo(upstream: string, faults: readonly Fault[] = []): Promise<FaultProxy> {
    if (this.#closing !== null) throw new EngineError('the engine is closed')
    const name = this.#freshName()
    this.#openNames.add(name)
    let freeAddress = (): void => undefined
    try {
      const created = await this.#create(name, upstream)
      freeAddress = created.freeAddress
      const port = Number(/:(\d+)$/.exec(created.listen)?.[1] ?? Number.NaN)
      if (!(port > 0)) throw new EngineError(`the Toxiproxy at ${this.api} opened a proxy without a port`)
      const proxy = new DrivenProxy(
        this.#client,
        { name, host: this.placement.host, port, keepsLog: this.kind === 'embedded' },
        () => {
          freeAddress()
          this.#openNames.delete(name)
        },
      )
      if (faults.length > 0) await proxy.setFaults(faults)
      return proxy
    } catch (error) {
      await this.#remove(name).catch(() => undefined)
      freeAddress()
      throw asEngineError(error, this.api)
    }
  }

  /** Removes proxies that killed runs have left, recognised by name and age. Proxies of active runs and of others stay. */
  async removeOrphans(): Promise<void> {
    if (this.#server.isOwned) return
    const now = this.#now()
    const names = (await this.#client.proxies()).map(({ name }) => name)
    for (const name of orphanedProxies(names, now)) await removeProxy(this.#client, name)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    const results = await Promise.allSettled([...this.#openNames].map((name) => this.#remove(name)))
    await this.#lease?.stop()
    await this.#server.stop()
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw asEngineError(failed.reason, this.api)
  }

  /** Creates a proxy at the next allowed address that is free; `freeAddress` makes the address free again. */
  async #create(
    name: string,
    upstream: string,
  ): Promise<{ readonly listen: string; readonly freeAddress: () => void }> {
    const { listenAddresses, explicit } = this.placement
    for (const _ of listenAddresses) {
      const listen = listenAddresses[this.#nextAddress++ % listenAddresses.length] ?? ''
      if (this.#usedAddresses.has(listen)) continue
      // Port 0 is a new port each time, so it is never in use.
      if (!listen.endsWith(':0')) this.#usedAddresses.add(listen)
      const freeAddress = (): void => void this.#usedAddresses.delete(listen)
      try {
        return { listen: (await this.#client.createProxy({ name, listen, upstream })).listen, freeAddress }
      } catch (error) {
        freeAddress()
        if (!(error instanceof ToxiproxyCallError) || error.status === null) throw error
        if (explicit.listen && /address already in use/.test(error.detail)) continue
        if (!/^listen tcp\b/.test(error.detail)) throw error
        throw new EngineError(
          `the Toxiproxy at ${this.api} cannot listen at ${listen} (${error.detail}): set --proxy-listen HOST[:PORTS] to an address of its own, or use --proxy embedded`,
        )
      }
    }
    throw new EngineError(
      `the ports of --proxy-listen are all in use (${listenAddresses.at(0)} to ${listenAddresses.at(-1)}): set a larger range, or fewer --jobs`,
    )
  }

  #freshName(): string {
    this.#count++
    return proxyName(this.#runId, this.#count, this.#now())
  }

  #now(): number {
    return Date.now() + this.#clockAhead
  }

  async #remove(name: string): Promise<void> {
    await removeProxy(this.#client, name)
    this.#openNames.delete(name)
  }
}

/** The numbers of a version such as `2.12.0` or `v2.12.0`; null if it is not one. */
function versionNumbers(version: string): readonly number[] | null {
  return /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? null
}

function isOlder(version: string, than: string): boolean {
  const limit = versionNumbers(than) ?? []
  const differing = versionNumbers(version)
    ?.map((part, index) => part - (limit[index] ?? 0))
    .find((difference) => difference !== 0)
  return differing !== undefined && differing < 0
}
