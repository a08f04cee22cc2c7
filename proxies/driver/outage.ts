import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

import type { Attempted, Link, LinkDown, OutageTrace } from '#proxies/types'

/** The connection that an outage is to end, as its owner sees it. */
export interface Standing {
  /** It stands at this moment. */
  stands(): boolean
  /** Waits for its end by the other side; false where there is none in time. */
  ended(): Promise<boolean>
}

type Switch = Pick<Link, 'host' | 'port' | 'setEnabled'>

/**
 * Takes a link down, and brings it up again no sooner than its fault says; what our own sockets see of that is the
 * trace that proves it. Whoever begins an outage ends it, or closes the link.
 */
export class Outage {
  readonly #link: Switch
  readonly #ms: number
  readonly #limitMs: number
  readonly #tries: OutageTrace['tries'][number][] = []
  readonly #stood: boolean
  #ended = false
  #after: Attempted | null = null

  private constructor(link: Switch, ms: number, limitMs: number, stood: boolean) {
    this.#link = link
    this.#ms = ms
    this.#limitMs = limitMs
    this.#stood = stood
  }

  /**
   * The link is down, the connection has ended or its owner has given up waiting, and a new one was tried.
   * @param limitMs for each new connection.
   * @throws what the engine throws where it does not take the link down.
   */
  static async begin(link: Switch, fault: LinkDown, standing: Standing, limitMs: number): Promise<Outage> {
    const outage = new Outage(link, fault.settings.ms, limitMs, standing.stands())
    await link.setEnabled(false)
    outage.#ended = await standing.ended()
    await outage.#try()
    return outage
  }

  /** What was seen so far. */
  get trace(): OutageTrace {
    return { stood: this.#stood, ended: this.#ended, tries: [...this.#tries], after: this.#after }
  }

  /** So far the link did what it has to. */
  get isDown(): boolean {
    return this.#stood && this.#ended && this.#tries.every(({ outcome }) => outcome === 'refused')
  }

  /**
   * The link has been down for as long as it has to, and is up again.
   * @throws what the engine throws where it does not bring the link up.
   */
  async end(): Promise<OutageTrace> {
    const due = (this.#tries[0]?.toMs ?? 0) + this.#ms
    // A timer may be early.
    for (let left = due - performance.now(); left > 0; left = due - performance.now()) await pause(left)
    await this.#try()
    await this.#link.setEnabled(true)
    this.#after = await attempt(this.#link, this.#limitMs)
    return this.trace
  }

  async #try(): Promise<void> {
    const fromMs = performance.now()
    const outcome = await attempt(this.#link, this.#limitMs)
    this.#tries.push({ fromMs, toMs: performance.now(), outcome })
  }
}

/** Connects, and lets go at once. */
function attempt({ host, port }: Pick<Link, 'host' | 'port'>, limitMs: number): Promise<Attempted> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const settle = (outcome: Attempted): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(outcome)
    }
    const timer = setTimeout(() => settle('failed'), limitMs)
    socket.once('connect', () => settle(isOurself(socket) ? 'refused' : 'taken'))
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      settle(code === 'ECONNREFUSED' || code === 'ECONNRESET' ? 'refused' : 'failed'),
    )
  })
}

/** The system may by chance choose the very port that is tried for our own end: then nobody else is there. */
function isOurself({ localPort, remotePort, localAddress, remoteAddress }: Socket): boolean {
  return localPort === remotePort && localAddress === remoteAddress
}
