import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { formatAddress } from '#proxies/embedded/server/address'
import type { Address } from '#proxies/embedded/server/address'
import { now } from './clock.ts'
import type { ProxyExtensions } from '#proxies/embedded/server/extensions'
import { ToxicChain } from './toxic-chain.ts'
import type { ChainOwner } from './toxic-chain.ts'
import { eventLimit } from './connection-log.ts'
import type { ConnectionRecord, ToxicEvent } from './connection-log.ts'
import { SocketReader } from './reader.ts'
import { resetSocket } from './reset.ts'
import type { Toxic } from './toxic-stage.ts'
import { unwatchPausedSocket, watchPausedSocket } from './paused-sockets.ts'

/**
 * After one side was reset, how often the other direction is checked for progress. Without progress in one interval, the
 * connection is closed.
 */
const progressIntervalMs = 1500
/** Without progress, how long the connection still gets, because a busy machine may have stalled this whole process. */
const lastChanceMs = 500
/** After one side was reset, how long toxics may still hold what it had sent. */
const longestHoldMs = 60_000
/** How long a client may take to close its side if the upstream could not be reached. */
const clientCloseLimitMs = 2000

export interface ProxiedConnectionOptions {
  readonly client: Socket
  readonly number: number
  /** The upstream as the API received it. */
  readonly upstream: string
  /** The address of the upstream; null if it cannot be dialled. */
  readonly address: Address | null
  readonly seeds: readonly (string | number)[]
  readonly dialTimeoutMs: number
  readonly extensions: ProxyExtensions
  /** Returns the toxics of the proxy; called when the upstream is connected. */
  readonly toxics: () => readonly Toxic[]
  readonly closed: (connection: ProxiedConnection) => void
}

/** A client, its upstream, and the toxic chains of both directions between them. */
export class ProxiedConnection implements ChainOwner {
  readonly seeds: readonly (string | number)[]
  readonly number: number
  readonly #options: ProxiedConnectionOptions
  readonly #client: Socket
  readonly #address: string
  readonly #acceptedAt = now()
  #upstream: Socket | null = null
  #chains: readonly ToxicChain[] = []
  /** Null until the first event: most connections have none. */
  #events: ToxicEvent[] | null = null
  #timer: NodeJS.Timeout | null = null
  #endedAt: number | null = null
  #ending: string | null = null

  constructor(options: ProxiedConnectionOptions) {
    this.#options = options
    this.seeds = options.seeds
    this.number = options.number
    this.#client = options.client
    this.#address = formatAddress(options.client.remoteAddress ?? '', options.client.remotePort ?? 0)
    this.#client.on('error', () => {
      if (this.#chains.length === 0) this.#ending ??= 'rst by client'
    })
    this.#client.on('close', () => {
      if (this.#chains.length === 0) this.#upstream?.destroy()
      this.#closeRecord()
    })
    // The client is not read before the upstream is connected, which may take long.
    watchPausedSocket(this.#client)
    this.#dial()
  }

  get chains(): readonly ToxicChain[] {
    return this.#chains
  }

  get record(): ConnectionRecord {
    const [upstream, downstream] = this.#chains
    const state = this.#endedAt !== null ? 'closed' : upstream === undefined ? 'dialling' : 'open'
    return {
      number: this.number,
      client: this.#address,
      upstream: this.#options.upstream,
      acceptedAt: this.#acceptedAt,
      state,
      ending: this.#ending,
      durationMs: Math.round(((this.#endedAt ?? now()) - this.#acceptedAt) * 1000) / 1000,
      bytes: {
        upstream: { received: upstream?.received ?? 0, sent: upstream?.sent ?? 0 },
        downstream: { received: downstream?.received ?? 0, sent: downstream?.sent ?? 0 },
      },
      events: this.#events ?? [],
    }
  }

  note(event: Omit<ToxicEvent, 'ms'>): void {
    if (event.what !== 'hit') this.#ending ??= `${event.what} by ${event.toxic}`
    this.#events ??= []
    if (this.#events.length >= eventLimit) return
    this.#events.push({ ms: Math.round((now() - this.#acceptedAt) * 1000) / 1000, ...event })
  }

  /** Closes both sockets now, whatever the toxics hold. @param ending is logged. */
  destroy(ending?: string): void {
    if (ending !== undefined) this.#ending ??= ending
    this.#client.destroy()
    this.#upstream?.destroy()
  }

  addToxic(toxic: Toxic): void {
    for (const chain of this.#chains) chain.addToxic(toxic)
  }

  updateToxic(toxic: Toxic): void {
    for (const chain of this.#chains) chain.updateToxic(toxic)
  }

  removeToxic(toxic: Toxic): void {
    for (const chain of this.#chains) chain.removeToxic(toxic)
  }

  /**
   * As in the real server, there is no half-close: the destination is closed once its bytes are out, and a reset becomes
   * FIN. The extensions `half_close` and `carry_reset` change that.
   */
  finished(chain: ToxicChain): void {
    const { halfClose, carryReset } = this.#options.extensions
    const isHalf = halfClose && chain.hasSourceEnded && !chain.source.destroyed
    // Of two half-closes, the second ends the connection.
    if (chain.hasSourceEnded && !(isHalf && this.#chains.some((each) => !each.isFinished)))
      this.#ending ??= `fin by ${sideOf(chain)}`
    if (carryReset && chain.sourceWasReset) resetSocket(chain.destination)
    else if (isHalf) chain.destination.end()
    // Closing also sends FIN; ending first would only take one more turn of the event loop.
    else if (chain.destination.writableLength === 0) chain.destination.destroy()
    else chain.destination.destroySoon()
  }

  reset(ending?: string): void {
    if (ending !== undefined) this.#ending ??= ending
    resetSocket(this.#client)
    if (this.#upstream !== null) resetSocket(this.#upstream)
  }

  #dial(): void {
    const { address } = this.#options
    if (address === null) {
      this.#closeUndialled()
      return
    }
    const reader = new SocketReader()
    let upstream: Socket
    try {
      upstream = connect({ ...address, allowHalfOpen: true, noDelay: true, onread: reader.onread })
    } catch {
      this.#closeUndialled()
      return
    }
    this.#upstream = upstream
    this.#timer = setTimeout(() => upstream.destroy(), this.#options.dialTimeoutMs)
    upstream.on('error', () => undefined)
    upstream.once('connect', () => this.#connectSides(upstream, reader))
    upstream.once('close', () => {
      if (this.#chains.length === 0) this.#closeUndialled()
      this.#closeRecord()
    })
  }

  #connectSides(upstream: Socket, reader: SocketReader): void {
    this.#stopTimer()
    unwatchPausedSocket(this.#client)
    if (this.#client.destroyed) {
      upstream.destroy()
      return
    }
    const client = this.#client
    const toxics = this.#options.toxics()
    const toUpstream = new ToxicChain(this, 'upstream', client, upstream, toxics)
    const toClient = new ToxicChain(this, 'downstream', upstream, client, toxics)
    this.#chains = [toUpstream, toClient]
    this.#listenTo(client, toUpstream, toClient)
    this.#listenTo(upstream, toClient, toUpstream)
    toUpstream.start()
    toClient.start(reader)
  }

  /** @param from the chain that reads this socket. @param to the chain that writes to it. */
  #listenTo(socket: Socket, from: ToxicChain, to: ToxicChain): void {
    let isLost = false
    socket.on('end', () => from.sourceEnded())
    socket.on('error', (error: NodeJS.ErrnoException) => {
      isLost = true
      from.sourceWasReset ||= error.code === 'ECONNRESET' || error.code === 'EPIPE'
      to.writeFailed ||= error.syscall === 'write' || to.isPaused
      // Logged now and not when the chain has finished: what a toxic holds may never go out.
      this.#ending ??= `${from.sourceWasReset ? 'rst' : 'lost'} by ${sideOf(from)}`
    })
    socket.on('close', () => {
      to.destinationGone()
      from.sourceEnded()
      // It was half-closed by its FIN before and is now closed for good: close the other side too.
      if (this.#options.extensions.halfClose && from.isFinished) this.#closeDestination(from, 'later')
      if (isLost && !from.destination.destroyed) this.#watchRemainder(from)
    })
  }

  /**
   * One side was reset. What it had sent still goes out when the toxics pass it on, but only while there is progress:
   * otherwise a destination that reads nothing, or a toxic that passes nothing, would never let the other side close.
   */
  #watchRemainder(chain: ToxicChain): void {
    if (this.#timer !== null) return
    const { destination } = chain
    // Nobody receives what the destination sends, and reading it would count as activity for the timeout below.
    destination.pause()
    watchPausedSocket(destination)
    // Node's socket timeout also counts bytes that the system takes from the write buffer as activity.
    let isLastChance = false
    destination.setTimeout(progressIntervalMs)
    destination.on('timeout', () => {
      if (destination.writableLength === 0) return
      if (isLastChance) {
        this.#closeDestination(chain, 'now')
        return
      }
      isLastChance = true
      destination.setTimeout(lastChanceMs)
      setTimeout(() => {
        isLastChance = false
        destination.setTimeout(progressIntervalMs)
      }, 2 * lastChanceMs).unref()
    })
    let sent = chain.sent
    this.#timer = setInterval(() => {
      const isIdle = chain.sent === sent && destination.writableLength === 0
      if (isIdle && chain.holdsLongerThan(now() + longestHoldMs)) this.#closeDestination(chain, 'now')
      sent = chain.sent
    }, progressIntervalMs)
  }

  /** The source is closed for good: closes the destination at once, or when its pending bytes are out. */
  #closeDestination({ sourceWasReset, destination }: ToxicChain, when: 'now' | 'later'): void {
    if (this.#options.extensions.carryReset && sourceWasReset) resetSocket(destination)
    else if (when === 'now') destination.destroy()
    else destination.destroySoon()
  }

  /** The upstream cannot be reached: sends FIN to the client, whose connection was already accepted. */
  #closeUndialled(): void {
    this.#stopTimer()
    this.#ending ??= 'refused'
    const client = this.#client
    if (client.destroyed) return
    client.end()
    client.resume()
    this.#timer = setTimeout(() => client.destroy(), clientCloseLimitMs)
  }

  #closeRecord(): void {
    if (this.#endedAt !== null || !this.#client.destroyed || this.#upstream?.destroyed === false) return
    this.#endedAt = now()
    this.#stopTimer()
    unwatchPausedSocket(this.#client)
    if (this.#upstream !== null) unwatchPausedSocket(this.#upstream)
    this.#options.closed(this)
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}

/** The side whose bytes a chain carries. */
const sideOf = (chain: ToxicChain): string => (chain.direction === 'upstream' ? 'client' : 'upstream')
