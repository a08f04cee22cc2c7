import { ToxiproxyClient } from '#proxies/driver/api/client'
import { proveControl, proveTargets } from './self-test.ts'
import { leftBehind, proxyName, renewalMs } from './proxy-names.ts'
import { OpenLink, asEngineError, removeProxy } from './fault-proxy.ts'
import { checkPlacement, placement } from './placement.ts'
import type { Placement } from './placement.ts'
import { SignOfLife } from './lease.ts'
import { apiUrl, oldestToxiproxy, startEmbedded, startToxiproxy } from './start-server.ts'
import type { Server } from './start-server.ts'
import { ToxiproxyCallError } from '#proxies/driver/api/transport'
import { EngineError } from '#proxies/types'
import type { Engine, EngineOptions, Fault, FaultProxy } from '#proxies/types'

/** Each call of the API; a real Toxiproxy that is dead-locked answers after 25 s, or never. */
const callLimitMs = 8000

/**
 * Finds or starts an engine, and proves it: a connection passes through it, and is cut by it. Throws `EngineError`,
 * whose message is one line that says what to do; nothing is left behind then.
 * @param renewEveryMs how often other runs are told that this one lives, where it holds a proxy for long.
 */
export async function openEngine(options: EngineOptions, renewEveryMs = renewalMs): Promise<Engine> {
  const timeScale = options.timeScale ?? 1
  // Before anything is started: what cannot be must not leave a server behind.
  checkPlacement(options)
  const server = await find(options, timeScale)
  const client = new ToxiproxyClient(server.url, callLimitMs * timeScale)
  const engine = new OpenEngine(server, client, options, renewEveryMs)
  try {
    await engine.identify()
    // Tidying up for others: where it cannot be done, the control tells what is wrong, if anything is.
    await engine.sweep().catch(() => undefined)
    await proveControl(engine, timeScale)
    await proveTargets(engine, options.targets ?? [], timeScale)
  } catch (error) {
    await engine.close().catch(() => undefined)
    throw asEngineError(error, server.url)
  }
  return engine
}

async function find(options: EngineOptions, timeScale: number): Promise<Server> {
  const env = options.env ?? process.env
  const given = env['TOXIPROXY_URL']
  const choice =
    options.choice === 'auto' ? (given === undefined || given === '' ? 'embedded' : given) : options.choice
  if (choice === 'embedded') return startEmbedded()
  if (choice === 'toxiproxy') return startToxiproxy(env, timeScale)
  const { origin, pathname } = apiUrl(choice)
  return { url: `${origin}${pathname === '/' ? '' : pathname}`, isOwn: false, stop: () => Promise.resolve() }
}

class OpenEngine implements Engine {
  kind: 'embedded' | 'toxiproxy' = 'toxiproxy'
  version = ''
  readonly remarks: string[] = []
  readonly place: Placement
  readonly #server: Server
  readonly #client: ToxiproxyClient
  readonly #runId: string
  readonly #open = new Set<string>()
  /** Of `place.listens`, those in use, and where to look for the next: one that was freed rests as long as it can. */
  readonly #taken = new Set<string>()
  #nextListen = 0
  /** The server's clock less ours: runs on several machines that share it name and sweep by one clock. */
  #clockAhead = 0
  #count = 0
  #closing: Promise<void> | null = null
  readonly #signOfLife: SignOfLife | null

  constructor(server: Server, client: ToxiproxyClient, options: EngineOptions, renewEveryMs: number) {
    this.#server = server
    this.#client = client
    this.#runId = options.runId
    this.place = placement(client.url, options)
    // Nobody else sweeps a server that is ours alone.
    this.#signOfLife = server.isOwn
      ? null
      : new SignOfLife(client, renewEveryMs, () => (this.#open.size === 0 ? null : this.#freshName()))
  }

  get api(): string {
    return this.#client.url
  }

  /** Throws where it is no Toxiproxy, or one that is too old. */
  async identify(): Promise<void> {
    const { version, embedded, clock } = await this.#client.version()
    if (isOlder(version, oldestToxiproxy)) {
      throw new EngineError(
        `the Toxiproxy at ${this.api} is version ${version}, too old: take ${oldestToxiproxy} or later, or use --proxy embedded`,
      )
    }
    if (numbers(version) === null) {
      this.remarks.push(
        `the Toxiproxy tells no version, only "${version.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 40)}": that it is ${oldestToxiproxy} or later is taken on trust`,
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
    return this.openTo(this.place.upstream(upstream.host, upstream.port), faults)
  }

  /** To an address as the Toxiproxy is to dial it. */
  async openTo(upstream: string, faults: readonly Fault[] = []): Promise<FaultProxy> {
    if (this.#closing !== null) throw new EngineError('the engine is closed')
    const name = this.#freshName()
    this.#open.add(name)
    let free = (): void => undefined
    try {
      const created = await this.#create(name, upstream)
      free = created.free
      const port = Number(/:(\d+)$/.exec(created.listen)?.[1] ?? Number.NaN)
      if (!(port > 0)) throw new EngineError(`the Toxiproxy at ${this.api} opened a proxy without a port`)
      const link = new OpenLink(
        this.#client,
        { name, host: this.place.host, port, keepsLog: this.kind === 'embedded' },
        () => {
          free()
          this.#open.delete(name)
        },
      )
      if (faults.length > 0) await link.setFaults(faults)
      return link
    } catch (error) {
      await this.#remove(name).catch(() => undefined)
      free()
      throw asEngineError(error, this.api)
    }
  }

  /** Takes away what runs of ours that died have left, told by name and age; nobody else's, and no live run's. */
  async sweep(): Promise<void> {
    if (this.#server.isOwn) return
    const now = this.#now()
    const names = (await this.#client.proxies()).map(({ name }) => name)
    for (const name of leftBehind(names, now)) await removeProxy(this.#client, name)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    const results = await Promise.allSettled([...this.#open].map((name) => this.#remove(name)))
    await this.#signOfLife?.stop()
    await this.#server.stop()
    const failed = results.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw asEngineError(failed.reason, this.api)
  }

  /** Listens at the next of the addresses allowed that is free; `free` gives it back. */
  async #create(
    name: string,
    upstream: string,
  ): Promise<{ readonly listen: string; readonly free: () => void }> {
    const { listens, told } = this.place
    for (const _ of listens) {
      const listen = listens[this.#nextListen++ % listens.length] ?? ''
      if (this.#taken.has(listen)) continue
      // Any port: nobody else's.
      if (!listen.endsWith(':0')) this.#taken.add(listen)
      const free = (): void => void this.#taken.delete(listen)
      try {
        return { listen: (await this.#client.createProxy({ name, listen, upstream })).listen, free }
      } catch (error) {
        free()
        if (!(error instanceof ToxiproxyCallError) || error.status === null) throw error
        if (told.listen && /address already in use/.test(error.detail)) continue
        if (!/^listen tcp\b/.test(error.detail)) throw error
        throw new EngineError(
          `the Toxiproxy at ${this.api} cannot listen at ${listen} (${error.detail}): give --proxy-listen HOST[:PORTS], an address of its own; or use --proxy embedded`,
        )
      }
    }
    throw new EngineError(
      `the ports of --proxy-listen are all taken (${listens.at(0)} to ${listens.at(-1)}): give more of them, or fewer --jobs`,
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
    this.#open.delete(name)
  }
}

/** `2.12.0`, with or without a v, to numbers; null for what is none. */
function numbers(version: string): readonly number[] | null {
  return /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? null
}

function isOlder(version: string, than: string): boolean {
  const limit = numbers(than) ?? []
  const differing = numbers(version)
    ?.map((part, index) => part - (limit[index] ?? 0))
    .find((by) => by !== 0)
  return differing !== undefined && differing < 0
}
