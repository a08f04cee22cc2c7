import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import type { AttemptOutcome, FaultProxy, LinkDown, OutageTrace } from '#proxies/types'

/** The connection that an outage ends, as its owner sees it. */
export interface WatchedConnection {
  isOpen(): boolean
  /** Waits until the other side ends the connection; false if it does not in time. */
  ended(): Promise<boolean>
}

type LinkSwitch = Pick<FaultProxy, 'host' | 'port' | 'setEnabled'>

/**
 * Takes the link down and brings it up again no sooner than the fault says. Its trace, from the harness's own sockets, is what
 * proves the fault. The caller of `begin` must call `end`, or close the proxy.
 */
export class Outage {
  readonly #proxy: LinkSwitch
  readonly #durationMs: number
  readonly #attemptLimitMs: number
  readonly #attempts: OutageTrace['attempts'][number][] = []
  readonly #wasOpen: boolean
  #ended = false
  #afterRestore: AttemptOutcome | null = null

  private constructor(proxy: LinkSwitch, durationMs: number, attemptLimitMs: number, wasOpen: boolean) {
    this.#proxy = proxy
    this.#durationMs = durationMs
    this.#attemptLimitMs = attemptLimitMs
    this.#wasOpen = wasOpen
  }

  /**
   * Takes the link down, waits until the watched connection ended or its owner stopped waiting, and attempts a new
   * connection.
   * @param attemptLimitMs time limit of each new connection.
   * @throws EngineError if the engine does not take the link down.
   */
  static async begin(
    proxy: LinkSwitch,
    fault: LinkDown,
    connection: WatchedConnection,
    attemptLimitMs: number,
  ): Promise<Outage> {
    const outage = new Outage(proxy, fault.settings.ms, attemptLimitMs, connection.isOpen())
    await proxy.setEnabled(false)
    outage.#ended = await connection.ended()
    await outage.#attempt()
    return outage
  }

  /** What the harness's sockets saw so far. */
  get trace(): OutageTrace {
    return {
      wasOpen: this.#wasOpen,
      ended: this.#ended,
      attempts: [...this.#attempts],
      afterRestore: this.#afterRestore,
    }
  }

  /** True if the connection was open and ended, and every new one so far was refused. */
  get isDown(): boolean {
    return this.#wasOpen && this.#ended && this.#attempts.every(({ outcome }) => outcome === 'refused')
  }

  /**
   * Waits until the link has been down for the fault's duration, attempts a connection that must be refused, brings the
   * link up and attempts one that must be accepted.
   * @throws EngineError if the engine does not bring the link up.
   */
  async end(): Promise<OutageTrace> {
    const due = (this.#attempts[0]?.toMs ?? 0) + this.#durationMs
    // A timer may fire early.
    for (let left = due - performance.now(); left > 0; left = due - performance.now()) await delay(left)
    await this.#attempt()
    await this.#proxy.setEnabled(true)
    this.#afterRestore = await attemptConnection(this.#proxy, this.#attemptLimitMs)
    return this.trace
  }

  async #attempt(): Promise<void> {
    const fromMs = performance.now()
    const outcome = await attemptConnection(this.#proxy, this.#attemptLimitMs)
    this.#attempts.push({ fromMs, toMs: performance.now(), outcome })
  }
}

/** Connects, and closes the connection at once. */
function attemptConnection(
  { host, port }: Pick<FaultProxy, 'host' | 'port'>,
  limitMs: number,
): Promise<AttemptOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const settle = (outcome: AttemptOutcome): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(outcome)
    }
    const timer = setTimeout(() => settle('failed'), limitMs)
    socket.once('connect', () => settle(isSelfConnection(socket) ? 'refused' : 'accepted'))
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      settle(code === 'ECONNREFUSED' || code === 'ECONNRESET' ? 'refused' : 'failed'),
    )
  })
}

/**
 * The system may choose the port that we connect to as the local port of the same socket. TCP then connects the socket to
 * itself, although nobody listens there.
 */
function isSelfConnection({ localPort, remotePort, localAddress, remoteAddress }: Socket): boolean {
  return localPort === remotePort && localAddress === remoteAddress
}
