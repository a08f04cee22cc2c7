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

/** How often a half whose other side was reset is asked whether it still gets rid of its bytes: it has a second chance. */
const watchMs = 1500
/** So long may a toxic go on with what it holds for such a half. */
const patienceMs = 60_000
/** How long a client that could not be connected may take to close its side. */
const refusalMs = 2000

export interface ProxiedConnectionOptions {
  readonly client: Socket
  readonly number: number
  /** As the API was given it, and where that leads; null: nowhere. */
  readonly upstream: string
  readonly address: Address | null
  readonly seeds: readonly (string | number)[]
  readonly dialTimeoutMs: number
  readonly extensions: ProxyExtensions
  /** Toxics at the moment when the upstream is connected. */
  readonly toxics: () => readonly Toxic[]
  readonly closed: (connection: ProxiedConnection) => void
}

/** A client, its upstream, and the two links between them. */
export class ProxiedConnection implements ChainOwner {
  readonly seeds: readonly (string | number)[]
  readonly number: number
  readonly #options: ProxiedConnectionOptions
  readonly #client: Socket
  readonly #address: string
  readonly #acceptedAt = now()
  #upstream: Socket | null = null
  #chains: readonly ToxicChain[] = []
  /** None for most: nothing is set aside for them. */
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
    // Nobody reads it yet, and a dial may take long.
    watchPausedSocket(this.#client)
    this.#dial()
  }

  get chains(): readonly ToxicChain[] {
    return this.#chains
  }

  get record(): ConnectionRecord {
    const [up, down] = this.#chains
    const state = this.#endedAt !== null ? 'closed' : up === undefined ? 'dialling' : 'open'
    return {
      number: this.number,
      client: this.#address,
      upstream: this.#options.upstream,
      acceptedAt: this.#acceptedAt,
      state,
      ending: this.#ending,
      durationMs: Math.round(((this.#endedAt ?? now()) - this.#acceptedAt) * 1000) / 1000,
      bytes: {
        upstream: { received: up?.received ?? 0, sent: up?.sent ?? 0 },
        downstream: { received: down?.received ?? 0, sent: down?.sent ?? 0 },
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

  /** Closes both sockets now, whatever the toxics hold. */
  destroy(why?: string): void {
    if (why !== undefined) this.#ending ??= why
    this.#client.destroy()
    this.#upstream?.destroy()
  }

  addToxic(toxic: Toxic): void {
    for (const link of this.#chains) link.addToxic(toxic)
  }

  updateToxic(toxic: Toxic): void {
    for (const link of this.#chains) link.updateToxic(toxic)
  }

  removeToxic(toxic: Toxic): void {
    for (const link of this.#chains) link.removeToxic(toxic)
  }

  /**
   * As the real server: no half-close, the whole destination is closed once its bytes are out, and a reset becomes FIN.
   * Both can be asked for.
   */
  finished(link: ToxicChain): void {
    const { halfClose, carryReset } = this.#options.extensions
    const isHalf = halfClose && link.hasSourceEnded && !link.source.destroyed
    // Of two halves it is the second one that ends the connection.
    if (link.hasSourceEnded && !(isHalf && this.#chains.some((one) => !one.isFinished)))
      this.#ending ??= `fin by ${sideOf(link)}`
    if (carryReset && link.sourceWasReset) resetSocket(link.destination)
    else if (isHalf) link.destination.end()
    // Closing sends FIN as well; ending first would only be one more turn.
    else if (link.destination.writableLength === 0) link.destination.destroy()
    else link.destination.destroySoon()
  }

  reset(why?: string): void {
    if (why !== undefined) this.#ending ??= why
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
    const up = new ToxicChain(this, 'upstream', client, upstream, toxics)
    const down = new ToxicChain(this, 'downstream', upstream, client, toxics)
    this.#chains = [up, down]
    this.#listenTo(client, up, down)
    this.#listenTo(upstream, down, up)
    up.start()
    down.start(reader)
  }

  /** `out` is the link that reads from this socket, `into` the one that writes to it. */
  #listenTo(socket: Socket, out: ToxicChain, into: ToxicChain): void {
    let isLost = false
    socket.on('end', () => out.sourceEnded())
    socket.on('error', (error: NodeJS.ErrnoException) => {
      isLost = true
      out.sourceWasReset ||= error.code === 'ECONNRESET' || error.code === 'EPIPE'
      into.writeFailed ||= error.syscall === 'write' || into.isPaused
      // Now, not once the link is done: what a toxic holds may never go out.
      this.#ending ??= `${out.sourceWasReset ? 'rst' : 'lost'} by ${sideOf(out)}`
    })
    socket.on('close', () => {
      into.destinationGone()
      out.sourceEnded()
      // Half-closed by its FIN before, and now gone altogether: so must be the other side.
      if (this.#options.extensions.halfClose && out.isFinished) this.#closeDestination(out, 'later')
      if (isLost && !out.destination.destroyed) this.#watchRemainder(out)
    })
  }

  /**
   * One side was reset. What it had sent still goes out, at the time that a toxic has for it, but only while it moves:
   * a destination that reads nothing, or a toxic that lets nothing go, would keep the other side open for ever.
   */
  #watchRemainder(link: ToxicChain): void {
    if (this.#timer !== null) return
    const { destination } = link
    // Nobody is left to hear what it says, and reading it would count as a sign of life below.
    destination.pause()
    watchPausedSocket(destination)
    // Node looks for itself whether the system takes any of what waits to be written.
    destination.setTimeout(watchMs, () => {
      if (destination.writableLength > 0) this.#closeDestination(link, 'now')
    })
    let sent = link.sent
    this.#timer = setInterval(() => {
      const isStill = link.sent === sent && destination.writableLength === 0
      if (isStill && link.holdsLongerThan(now() + patienceMs)) this.#closeDestination(link, 'now')
      sent = link.sent
    }, watchMs)
  }

  /** The source is gone altogether, and so must be the other side: at once, or when what it was sent is out. */
  #closeDestination({ sourceWasReset: hasReset, destination }: ToxicChain, when: 'now' | 'later'): void {
    if (this.#options.extensions.carryReset && hasReset) resetSocket(destination)
    else if (when === 'now') destination.destroy()
    else destination.destroySoon()
  }

  /** The upstream cannot be reached: the client, whose connection was accepted, gets FIN. */
  #closeUndialled(): void {
    this.#stopTimer()
    this.#ending ??= 'refused'
    const client = this.#client
    if (client.destroyed) return
    client.end()
    client.resume()
    this.#timer = setTimeout(() => client.destroy(), refusalMs)
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

/** Whose bytes a link carries. */
const sideOf = (link: ToxicChain): string => (link.direction === 'upstream' ? 'client' : 'upstream')
