import type { Socket } from 'node:net'
import type { RequestHead } from '#reference/http/head'
import type { WebSocketService } from './service.ts'

/** Clients that are remembered as lost. */
const memory = 1000

/**
 * The connections of one service, so far as a rule is about more than one of them. Only mutants look at it: the
 * reference serves each connection by itself.
 */
export class Crowd {
  readonly #rules: WebSocketService['rules']
  readonly #open = new Set<Socket>()
  readonly #lost = new Set<string>()

  constructor({ rules }: WebSocketService) {
    this.#rules = rules
  }

  /** Whether a mutant has room for one more, and for this one. */
  admits(head: RequestHead): boolean {
    return this.#open.size < this.#rules.connectionLimit && !this.#lost.has(clientOf(head))
  }

  /** Call the result when the connection is over. */
  entered(socket: Socket, head: RequestHead): (how: 'closed' | 'lost') => void {
    this.#open.add(socket)
    return (how) => {
      this.#open.delete(socket)
      if (how === 'lost' && this.#rules.afterLoss === 'end-others')
        for (const other of this.#open) other.destroy()
      if (how === 'lost' && this.#rules.afterLoss === 'refuse-client' && clientOf(head) !== '') {
        if (this.#lost.size >= memory) this.#lost.clear()
        this.#lost.add(clientOf(head))
      }
    }
  }
}

const crowds = new WeakMap<WebSocketService, Crowd>()

/** The crowd of a service: the same for every connection. */
export function crowdOf(service: WebSocketService): Crowd {
  const known = crowds.get(service) ?? new Crowd(service)
  crowds.set(service, known)
  return known
}

/** What tells a client from another that comes from the same address. */
function clientOf(head: RequestHead): string {
  return head.get('x-streamproof-client') ?? ''
}
