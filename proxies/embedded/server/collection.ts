import { Fields, parseBody } from './decode.ts'
import {
  ApiError,
  invalidSetting,
  missingField,
  proxyExists,
  proxyNotFound,
  toxicNotFound,
} from './errors.ts'
import {
  decodeConnectionNumbers,
  extensionMember,
  decodeProxyExtensions,
  rejectUnknownMembers,
  decodeTargetedConnections,
} from './extensions.ts'
import { Proxy } from '#proxies/embedded/proxy/proxy'
import type { ProxyEnvironment } from '#proxies/embedded/proxy/proxy'
import type { Toxic } from '#proxies/embedded/proxy/toxic-stage'
import { checkedToxicity, decodePopulate, decodeProxy, decodeToxic, decodeSettings } from './definitions.ts'
import type { ProxyRequest } from './definitions.ts'

/** The proxies that a populate created or kept (null: none), and the error that stopped it. */
export interface PopulateResult {
  readonly proxies: readonly Proxy[] | null
  readonly error: ApiError | null
}

/**
 * All proxies, with the operations of the API. Reading never waits. Changes of one proxy run in sequence, because a listener
 * takes a moment to bind. They never wait for a connection or for another proxy.
 */
export class ProxyCollection {
  readonly #environment: ProxyEnvironment
  readonly #proxies = new Map<string, Proxy>()
  readonly #pending = new Map<string, Promise<unknown>>()

  constructor(environment: ProxyEnvironment) {
    this.#environment = environment
  }

  /** Sorted by name, as Go sorts the members of an object. */
  all(): readonly Proxy[] {
    return [...this.#proxies.values()].sort((a, b) =>
      Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
    )
  }

  /** @throws ApiError 404 */
  get(name: string): Proxy {
    const proxy = this.#proxies.get(name)
    if (proxy === undefined) throw proxyNotFound()
    return proxy
  }

  create(body: string): Promise<Proxy> {
    const request = decodeProxy(parseBody(body))
    const { name, upstream } = request
    if (name === '') throw missingField('name')
    if (upstream === '') throw missingField('upstream')
    return this.#inSequence(name, async () => {
      if (this.#proxies.has(name)) throw proxyExists()
      return this.#create(request)
    })
  }

  update(name: string, body: string): Promise<Proxy> {
    this.get(name)
    const fields = new Fields(parseBody(body), 'Proxy', 'toxiproxy.Proxy')
    fields.string('name', '')
    return this.#inSequence(name, async () => {
      const proxy = this.get(name)
      const { extensions, toxics } = decodeProxyExtensions(fields.raw(extensionMember), proxy.extensions)
      if (toxics !== undefined)
        throw invalidSetting(`${extensionMember}.toxics are set when a proxy is created`)
      await proxy.update({
        listen: fields.string('listen', proxy.listen),
        upstream: fields.string('upstream', proxy.upstream),
        enabled: fields.boolean('enabled', proxy.enabled),
        extensions,
      })
      return proxy
    })
  }

  remove(name: string): Promise<void> {
    return this.#inSequence(name, async () => {
      this.get(name).stop()
      this.#proxies.delete(name)
    })
  }

  /** Validates the whole array first. Stops at the first proxy that cannot be started. */
  async populate(body: string): Promise<PopulateResult> {
    let requests: readonly ProxyRequest[]
    try {
      requests = decodePopulate(parseBody(body))
    } catch (error) {
      if (error instanceof ApiError) return { proxies: null, error }
      throw error
    }
    const proxies: Proxy[] = []
    for (const request of requests) {
      try {
        proxies.push(await this.#inSequence(request.name, () => this.#addOrReplace(request)))
      } catch (error) {
        if (error instanceof ApiError) return { proxies: proxies.length === 0 ? null : proxies, error }
        throw error
      }
    }
    return { proxies: proxies.length === 0 ? null : proxies, error: null }
  }

  /** Enables every proxy and removes all toxics. */
  async reset(): Promise<void> {
    for (const proxy of this.all()) {
      await this.#inSequence(proxy.name, async () => {
        if (this.#proxies.get(proxy.name) !== proxy) return
        await proxy.start()
        proxy.removeAllToxics()
      })
    }
  }

  async close(): Promise<void> {
    for (const proxy of this.all()) await this.remove(proxy.name)
  }

  toxic(proxyName: string, toxicName: string): Toxic {
    const toxic = this.get(proxyName).toxic(toxicName)
    if (toxic === undefined) throw toxicNotFound()
    return toxic
  }

  addToxic(proxyName: string, body: string): Promise<Toxic> {
    return this.#inSequence(proxyName, async () => {
      const proxy = this.get(proxyName)
      return proxy.addToxic(decodeToxic(parseBody(body), (name) => proxy.toxic(name) !== undefined))
    })
  }

  /** Changes attributes, toxicity and the targeted connections. Applies either the whole body or nothing. */
  updateToxic(proxyName: string, toxicName: string, body: string): Promise<Toxic> {
    return this.#inSequence(proxyName, async () => this.#changeToxic(proxyName, toxicName, body))
  }

  /** Ends live connections of a proxy. @returns the numbers of those that it ended. */
  endConnections(proxyName: string, body: string): readonly number[] {
    const proxy = this.get(proxyName)
    const value = parseBody(body)
    const fields = new Fields(value, 'Connections', 'streamproof.Connections')
    // An ignored misspelt member would end all connections.
    rejectUnknownMembers(value, 'the body', ['action', 'connections'])
    const action = fields.string('action', '')
    if (action !== 'close' && action !== 'reset') throw invalidSetting('action must be close or reset')
    const numbers = fields.has('connections')
      ? decodeConnectionNumbers(fields.raw('connections'), 'connections')
      : null
    return proxy.endConnections(action, numbers)
  }

  removeToxic(proxyName: string, toxicName: string): Promise<void> {
    return this.#inSequence(proxyName, async () => {
      this.get(proxyName).removeToxic(this.toxic(proxyName, toxicName))
    })
  }

  #changeToxic(proxyName: string, toxicName: string, body: string): Toxic {
    const proxy = this.get(proxyName)
    const toxic = this.toxic(proxyName, toxicName)
    const goType =
      'struct { Attributes interface {} "json:\\"attributes\\""; Toxicity float32 "json:\\"toxicity\\"" }'
    const fields = new Fields(parseBody(body), '', goType)
    const toxicity = checkedToxicity(fields.float32('toxicity', toxic.toxicity))
    const settings = decodeSettings(toxic.kind, fields.raw('attributes'), toxic.settings)
    const connections = decodeTargetedConnections(fields.raw(extensionMember), toxic.connections)
    proxy.updateToxic(toxic, { settings, toxicity, connections })
    return toxic
  }

  async #addOrReplace(request: ProxyRequest): Promise<Proxy> {
    const existing = this.#proxies.get(request.name)
    if (existing !== undefined) {
      // A request that changes nothing keeps toxics, connections and even `enabled`. A request that uses extensions always
      // replaces the proxy.
      if (!request.isExtended && !(await existing.differsFrom(request.listen, request.upstream)))
        return existing
      existing.stop()
    }
    return this.#create(request)
  }

  /** Creates a proxy with all its toxics before the first connection is accepted, or not at all. */
  async #create(request: ProxyRequest): Promise<Proxy> {
    const proxy = new Proxy(request, this.#environment)
    for (const toxic of request.toxics) proxy.addToxic(toxic)
    if (request.enabled) await proxy.start()
    this.#proxies.set(request.name, proxy)
    return proxy
  }

  #inSequence<T>(name: string, work: () => Promise<T>): Promise<T> {
    const previous = this.#pending.get(name) ?? Promise.resolve()
    const result = previous.then(work)
    const settled = result.then(
      () => undefined,
      () => undefined,
    )
    this.#pending.set(name, settled)
    void settled.then(() => {
      if (this.#pending.get(name) === settled) this.#pending.delete(name)
    })
    return result
  }
}
