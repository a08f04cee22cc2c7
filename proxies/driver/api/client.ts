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
  /** As reported: `2.12.0`, or `git` for a server that was built without a version number. */
  readonly version: string
  /** Version of the embedded engine; null for any other server. */
  readonly embedded: string | null
  /** The server's clock in ms since 1970, in whole seconds; null if the answer has no date. */
  readonly clock: number | null
}

/** Header in which the embedded engine sends its version. Toxiproxy's own server does not send it. */
const engineHeader = 'x-streamproof-engine'

type Handle = InstanceType<typeof ProxyHandle>

/**
 * `toxiproxy-node-client` without its pitfalls: names are encoded, the address may end in a slash, each call has a time
 * limit, a refusal keeps the server's text and status, and a network error keeps its cause. Calls that the server refuses
 * or does not answer throw `ToxiproxyCallError`; an answer of another kind of server throws `Error`.
 */
export class ToxiproxyClient {
  readonly url: string
  readonly #transport: Transport
  readonly #client: InstanceType<typeof Toxiproxy>

  constructor(url: string, timeoutMs = 10_000) {
    this.url = url.replace(/\/+$/, '')
    this.#transport = new Transport(timeoutMs)
    this.#client = new Toxiproxy(this.url)
    // The client passes its transport on to every proxy and toxic that it creates.
    Object.assign(this.#client, { api: this.#transport })
  }

  async version(): Promise<ServerVersion> {
    const { text, headers } = await this.#transport.call('GET', `${this.url}/version`)
    const version = parseVersion(text)
    if (version === null) throw new Error('GET /version: the answer is not that of a Toxiproxy')
    const clock = Date.parse(headers.get('date') ?? '')
    return { version, embedded: headers.get(engineHeader), clock: Number.isNaN(clock) ? null : clock }
  }

  async createProxy(proxy: {
    readonly name: string
    readonly listen: string
    readonly upstream: string
    /** Default true. */
    readonly enabled?: boolean
  }): Promise<ProxyInfo> {
    return infoOf(await this.#client.createProxy({ ...proxy }))
  }

  async proxies(): Promise<readonly ProxyInfo[]> {
    const { data } = await this.#transport.get(`${this.url}/proxies`)
    if (typeof data !== 'object' || data === null)
      throw new Error('GET /proxies: the answer is not that of a Toxiproxy')
    return Object.values(data).map(parseProxy)
  }

  async updateProxy(
    name: string,
    changes: { readonly enabled?: boolean; readonly listen?: string; readonly upstream?: string },
  ): Promise<ProxyInfo> {
    return infoOf(await this.#handle(name).update(changes as Parameters<Handle['update']>[0]))
  }

  async removeProxy(name: string): Promise<void> {
    await this.#handle(name).remove()
  }

  /** @param toxic without `name`, the server chooses one. */
  async addToxic(proxy: string, toxic: ToxicSpec & { readonly name?: string }): Promise<ToxicInfo> {
    const body = toxic as unknown as Parameters<Handle['addToxic']>[0]
    return (await this.#handle(proxy).addToxic(body)) as unknown as ToxicInfo
  }

  async removeToxic(proxy: string, name: string): Promise<void> {
    const body = {
      name: encodeURIComponent(name),
      type: 'latency',
      stream: 'upstream',
      toxicity: 1,
      attributes: {},
    } as const
    await new ToxicHandle<unknown>(this.#client.api, this.#path(proxy), body).remove()
  }

  /** The connection log of a proxy on the embedded engine. A real Toxiproxy refuses this call with 404. */
  async connections(proxy: string, limits: CallLimits): Promise<unknown> {
    const { text } = await this.#transport.call('GET', `${this.#path(proxy)}/connections`, undefined, limits)
    return JSON.parse(text)
  }

  #path(name: string): string {
    return `${this.url}/proxies/${encodeURIComponent(name)}`
  }

  /** The library puts the name into its path unencoded, so it gets an encoded name. */
  #handle(name: string): Handle {
    return new ProxyHandle(this.#client, {
      name: encodeURIComponent(name),
      listen: '',
      upstream: '',
      enabled: true,
      toxics: [],
    })
  }
}

function infoOf(proxy: Handle): ProxyInfo {
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

function parseProxy(data: unknown): ProxyInfo {
  const proxy = data as ProxyInfo | null | undefined
  if (typeof proxy?.name !== 'string')
    throw new Error('the answer is not that of a Toxiproxy: no proxy in it')
  return { ...proxy, toxics: Array.isArray(proxy.toxics) ? proxy.toxics : [] }
}

/** Toxiproxy before 2.6 answers the version as bare text; 2.6.0 ends its JSON with a backslash and an n. */
function parseVersion(text: string): string | null {
  if (/^(v?\d+\.\d+\.\d+\S*|git)$/.test(text.trim())) return text.trim()
  try {
    const { version } = JSON.parse(text.replace(/\\n$/, '')) as { version?: unknown }
    return typeof version === 'string' ? version : null
  } catch {
    return null
  }
}
