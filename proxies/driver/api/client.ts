import { Proxy as ProxyHandle, Toxic as ToxicHandle, Toxiproxy } from 'toxiproxy-node-client'

import { Transport } from './transport.ts'
import type { CallLimits } from './transport.ts'
import type { ToxicSpec } from '#proxies/types'

/** A toxic as a server lists it. */
export interface ToxicInfo {
  readonly name: string
  readonly type: string
  readonly stream: string
  readonly toxicity: number
  readonly attributes: Readonly<Record<string, number>>
}

/** A proxy as a server lists it. */
export interface ProxyInfo {
  readonly name: string
  readonly listen: string
  readonly upstream: string
  readonly enabled: boolean
  readonly toxics: readonly ToxicInfo[]
}

export interface ServerVersion {
  /** As reported: `2.12.0`, or `git` for a server that was built without a number. */
  readonly version: string
  /** Version of the embedded engine where it is that, else null. */
  readonly embedded: string | null
  /** The server's clock, in ms since 1970 (it tells whole seconds), or null where it tells none. */
  readonly clock: number | null
}

/** Where the embedded engine tells its version; Toxiproxy's own server knows no such header. */
const engineHeader = 'x-streamproof-engine'

type Handle = InstanceType<typeof ProxyHandle>

/**
 * `toxiproxy-node-client` with its rough edges taken off: names are encoded, a slash at the end of the address does no
 * harm, each call has a limit, refusals keep the server's text and status, network errors their cause, an empty
 * populate is no crash, and toxics can be listed.
 */
export class ToxiproxyClient {
  readonly url: string
  readonly #transport: Transport
  readonly #client: InstanceType<typeof Toxiproxy>

  constructor(url: string, timeoutMs = 10_000) {
    this.url = url.replace(/\/+$/, '')
    this.#transport = new Transport(timeoutMs)
    this.#client = new Toxiproxy(this.url)
    // The client hands its transport on to every proxy and toxic that it makes.
    Object.assign(this.#client, { api: this.#transport })
  }

  /** Throws where the answer is not that of a Toxiproxy. */
  async version(): Promise<ServerVersion> {
    const { text, headers } = await this.#transport.call('GET', `${this.url}/version`)
    const version = versionIn(text)
    if (version === null) throw new Error('GET /version: the answer is not that of a Toxiproxy')
    const clock = Date.parse(headers.get('date') ?? '')
    return { version, embedded: headers.get(engineHeader), clock: Number.isNaN(clock) ? null : clock }
  }

  async createProxy(proxy: {
    readonly name: string
    readonly listen: string
    readonly upstream: string
    /** True unless told. */
    readonly enabled?: boolean
  }): Promise<ProxyInfo> {
    return info(await this.#client.createProxy({ ...proxy }))
  }

  async populate(
    proxies: readonly { readonly name: string; readonly listen: string; readonly upstream: string }[],
  ): Promise<readonly ProxyInfo[]> {
    // The server answers null where nothing was asked, and the client would iterate over it.
    if (proxies.length === 0) return []
    return Object.values(await this.#client.populate(proxies.map((one) => ({ ...one })))).map(info)
  }

  async proxy(name: string): Promise<ProxyInfo> {
    const { data } = await this.#transport.get(this.#path(name))
    return proxyIn(data)
  }

  async proxies(): Promise<readonly ProxyInfo[]> {
    const { data } = await this.#transport.get(`${this.url}/proxies`)
    if (typeof data !== 'object' || data === null)
      throw new Error('GET /proxies: the answer is not that of a Toxiproxy')
    return Object.values(data).map(proxyIn)
  }

  async updateProxy(
    name: string,
    changes: { readonly enabled?: boolean; readonly listen?: string; readonly upstream?: string },
  ): Promise<ProxyInfo> {
    return info(await this.#handle(name).update(changes as Parameters<Handle['update']>[0]))
  }

  async removeProxy(name: string): Promise<void> {
    await this.#handle(name).remove()
  }

  async toxics(proxy: string): Promise<readonly ToxicInfo[]> {
    const { data } = await this.#transport.get(`${this.#path(proxy)}/toxics`)
    return data as readonly ToxicInfo[]
  }

  /** `name` unless the server is to choose one. */
  async addToxic(proxy: string, toxic: ToxicSpec & { readonly name?: string }): Promise<ToxicInfo> {
    const body = toxic as unknown as Parameters<Handle['addToxic']>[0]
    return (await this.#handle(proxy).addToxic(body)) as unknown as ToxicInfo
  }

  async updateToxic(
    proxy: string,
    name: string,
    changes: { readonly attributes?: Readonly<Record<string, number>>; readonly toxicity?: number },
  ): Promise<ToxicInfo> {
    const handle = this.#toxicHandle(proxy, name)
    return (await handle.update(changes as Parameters<typeof handle.update>[0])) as unknown as ToxicInfo
  }

  async removeToxic(proxy: string, name: string): Promise<void> {
    await this.#toxicHandle(proxy, name).remove()
  }

  /** The event log of a proxy, as the embedded engine gives it: a real Toxiproxy refuses with 404. */
  async connections(proxy: string, limits: CallLimits): Promise<unknown> {
    const { text } = await this.#transport.call('GET', `${this.#path(proxy)}/connections`, undefined, limits)
    return JSON.parse(text)
  }

  async reset(): Promise<void> {
    await this.#client.reset()
  }

  #path(name: string): string {
    return `${this.url}/proxies/${encodeURIComponent(name)}`
  }

  /** The client builds its path from the name as it is, so it is given one that is encoded. */
  #handle(name: string): Handle {
    return new ProxyHandle(this.#client, {
      name: encodeURIComponent(name),
      listen: '',
      upstream: '',
      enabled: true,
      toxics: [],
    })
  }

  #toxicHandle(proxy: string, name: string): InstanceType<typeof ToxicHandle<unknown>> {
    const body = {
      name: encodeURIComponent(name),
      type: 'latency',
      stream: 'upstream',
      toxicity: 1,
      attributes: {},
    } as const
    return new ToxicHandle<unknown>(this.#client.api, this.#path(proxy), body)
  }
}

function info(proxy: Handle): ProxyInfo {
  if (typeof proxy.name !== 'string' || typeof proxy.listen !== 'string') {
    throw new Error('the answer is not that of a Toxiproxy: no proxy in it')
  }
  return {
    name: proxy.name,
    listen: proxy.listen,
    upstream: proxy.upstream,
    enabled: proxy.enabled,
    toxics: [],
  }
}

function proxyIn(data: unknown): ProxyInfo {
  const found = data as ProxyInfo | null | undefined
  if (typeof found?.name !== 'string')
    throw new Error('the answer is not that of a Toxiproxy: no proxy in it')
  return { ...found, toxics: Array.isArray(found.toxics) ? found.toxics : [] }
}

/** Toxiproxy before 2.6 answers the bare text; 2.6.0 ends its JSON by a backslash and an n. */
function versionIn(text: string): string | null {
  if (/^(v?\d+\.\d+\.\d+\S*|git)$/.test(text.trim())) return text.trim()
  try {
    const { version } = JSON.parse(text.replace(/\\n$/, '')) as { version?: unknown }
    return typeof version === 'string' ? version : null
  } catch {
    return null
  }
}
