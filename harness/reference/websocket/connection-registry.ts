import type { Socket } from 'node:net'
import type { RequestHead } from '#reference/http/head'
import type { WebSocketService } from './service.ts'

/** How many lost clients a registry remembers. */
const lostClientsLimit = 1000

/**
 * The open connections of one service, for rules that concern more than one of them. Only mutants have such rules: the
 * strict reference serves every connection independently.
 */
export class ConnectionRegistry {
  readonly #rules: WebSocketService['rules']
  readonly #open = new Set<Socket>()
  readonly #lost = new Set<string>()

  constructor({ rules }: WebSocketService) {
    this.#rules = rules
  }

  /** Whether the rules allow one more connection, and one from this client. */
  admits(head: RequestHead): boolean {
    return this.#open.size < this.#rules.connectionLimit && !this.#lost.has(clientOf(head))
  }

  /** Registers a connection. The caller calls the result when the connection has ended. */
  add(socket: Socket, head: RequestHead): (how: 'closed' | 'lost') => void {
    this.#open.add(socket)
    return (how) => {
      this.#open.delete(socket)
      if (how === 'lost' && this.#rules.afterLoss === 'end-others')
        for (const other of this.#open) other.destroy()
      if (how === 'lost' && this.#rules.afterLoss === 'refuse-client' && clientOf(head) !== '') {
        if (this.#lost.size >= lostClientsLimit) this.#lost.clear()
        this.#lost.add(clientOf(head))
      }
    }
  }
}

const registries = new WeakMap<WebSocketService, ConnectionRegistry>()

/** The one registry of a service. */
export function registryOf(service: WebSocketService): ConnectionRegistry {
  const registry = registries.get(service) ?? new ConnectionRegistry(service)
  registries.set(service, registry)
  return registry
}

/** Identifies the client; the checks send this header because all clients share one address. */
function clientOf(head: RequestHead): string {
  return head.get('x-streamproof-client') ?? ''
}
