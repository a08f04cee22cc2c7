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

/** What a populate has done, and what stopped it. */
export interface PopulateResult {
  readonly proxies: readonly Proxy[] | null
  readonly error: ApiError | null
}

/**
 * All proxies, and what the API does with them. Reading never waits. Changes of one proxy wait for each other (a
 * listener takes a moment to bind), never for a connection and never for another proxy.
 */
export class ProxyCollection {
  readonly #environment: ProxyEnvironment
  readonly #proxies = new Map<string, Proxy>()
  readonly #pending = new Map<string, Promise<unknown>>()

  constructor(environment: ProxyEnvironment) {
    this.#environment = environment
  }

  /** By name, sorted as Go sorts the members of an object. */
  all(): readonly Proxy[] {
    return [...this.#proxies.values()].sort((a, b) =>
      Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
    )
  }

  /** Throws 404. */
  get(name: string): Proxy {
    const proxy = this.#proxies.get(name)
    if (proxy === undefined) throw proxyNotFound()
    return proxy
  }

  create(body: string): Promise<Proxy> {
    const wanted = decodeProxy(parseBody(body))
    const { name, upstream } = wanted
    if (name === '') throw missingField('name')
    if (upstream === '') throw missingField('upstream')
    return this.#inSequence(name, async () => {
      if (this.#proxies.has(name)) throw proxyExists()
      return this.#create(wanted)
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
        throw invalidSetting(`${extensionMember}.toxics are given when a proxy is made`)
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

  /** The whole array is checked first; the first proxy that cannot be started ends it. */
  async populate(body: string): Promise<PopulateResult> {
    let wanted: readonly ProxyRequest[]
    try {
      wanted = decodePopulate(parseBody(body))
    } catch (error) {
      if (error instanceof ApiError) return { proxies: null, error }
      throw error
    }
    const proxies: Proxy[] = []
    for (const one of wanted) {
      try {
        proxies.push(await this.#inSequence(one.name, () => this.#addOrReplace(one)))
      } catch (error) {
        if (error instanceof ApiError) return { proxies: proxies.length === 0 ? null : proxies, error }
        throw error
      }
    }
    return { proxies: proxies.length === 0 ? null : proxies, error: null }
  }

  /** Every proxy enabled and without toxics. */
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

  /** Only attributes, toxicity and the connections to strike; either all of the body is applied or nothing. */
  updateToxic(proxyName: string, toxicName: string, body: string): Promise<Toxic> {
    return this.#inSequence(proxyName, async () => this.#changeToxic(proxyName, toxicName, body))
  }

  /** Ends live connections of a proxy on demand; gives the numbers of those that it ended. */
  endConnections(proxyName: string, body: string): readonly number[] {
    const proxy = this.get(proxyName)
    const value = parseBody(body)
    const fields = new Fields(value, 'Connections', 'streamproof.Connections')
    // A misspelt list would end all of them.
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

  async #addOrReplace(wanted: ProxyRequest): Promise<Proxy> {
    const existing = this.#proxies.get(wanted.name)
    if (existing !== undefined) {
      // A request that changes nothing leaves toxics, connections and even `enabled` alone.
      // One that asks for more than Toxiproxy has is always made anew.
      if (!wanted.isExtended && !(await existing.differsFrom(wanted.listen, wanted.upstream))) return existing
      existing.stop()
    }
    return this.#create(wanted)
  }

  /** With all its toxics, before the first connection can come; or not at all. */
  async #create(wanted: ProxyRequest): Promise<Proxy> {
    const proxy = new Proxy(wanted, this.#environment)
    for (const toxic of wanted.toxics) proxy.addToxic(toxic)
    if (wanted.enabled) await proxy.start()
    this.#proxies.set(wanted.name, proxy)
    return proxy
  }

  #inSequence<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#pending.get(name) ?? Promise.resolve()
    const mine = before.then(work)
    const settled = mine.then(
      () => undefined,
      () => undefined,
    )
    this.#pending.set(name, settled)
    void settled.then(() => {
      if (this.#pending.get(name) === settled) this.#pending.delete(name)
    })
    return mine
  }
}
