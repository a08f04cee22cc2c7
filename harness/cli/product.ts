import type { Catalogue } from '#model/catalogue'
import { protocols, registry } from '#protocols/index'
import { referenceContract } from '#reference/contract'
import { startReference } from '#reference/start'
import { loadCatalogue } from '#suites/index'
import type { AnyContract } from '#target/contract/contract'
import type { ProtocolModule, ProtocolRegistry } from '#target/protocol'

/** What the commands work on: protocols, their checks, and a server that passes all of them. */
export interface Product {
  readonly protocols: readonly ProtocolModule<unknown>[]
  readonly registry: ProtocolRegistry<unknown>
  loadCatalogue(): Promise<Catalogue<unknown>>
  /**
   * Starts the server that is tested if no URL is given; null if there is none.
   * @param host the address on which it listens; null for the default.
   */
  readonly startReference: ((host: string | null) => Promise<StartedReference>) | null
}

interface StartedReference {
  readonly contract: AnyContract
  close(): Promise<void>
}

/** Streamproof itself: WebSocket and Server-Sent Events. */
export const streamproof: Product = {
  protocols,
  registry,
  loadCatalogue,
  async startReference(host) {
    const reference = await startReference(host === null ? {} : { host })
    return { contract: referenceContract(reference), close: () => reference.close() }
  },
}
