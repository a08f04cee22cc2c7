import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { formatAddress } from '#proxies/embedded/server/address'
import type { Address } from '#proxies/embedded/server/address'
import { now } from './clock.ts'
import type { ProxyExtensions } from '#proxies/embedded/server/extensions'
import { Link } from './toxic-chain.ts'
import type { LinkOwner } from './toxic-chain.ts'
import { eventLimit } from './connection-log.ts'
import type { ConnectionRecord, LinkEvent } from './connection-log.ts'
import { Reader } from './reader.ts'
import { resetSocket } from './reset.ts'
import type { Toxic } from './toxic-stage.ts'
import { unwatchStalled, watchStalled } from './paused-sockets.ts'

/** How often a half whose other side was reset is asked whether it still gets rid of its bytes: it has a second chance. */
const watchMs = 1500
/** So long may a toxic go on with what it holds for such a half. */
const patienceMs = 60_000
/** How long a client that could not be connected may take to close its side. */
const refusalMs = 2000

export interface ConnectionOptions {
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
  readonly closed: (connection: Connection) => void
}

/** A client, its upstream, and the two links between them. */
export class Connection implements LinkOwner {
  readonly seeds: readonly (string | number)[]
  readonly number: number
  readonly #options: ConnectionOptions
  readonly #client: Socket
  readonly #address: string
  readonly #acceptedAt = now()
  #upstream: Socket | null = null
  #links: readonly Link[] = []
  /** None for most: nothing is set aside for them. */
  #events: LinkEvent[] | null = null
  #timer: NodeJS.Timeout | null = null
  #endedAt: number | null = null
  #ending: string | null = null

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.seeds = options.seeds
    this.number = options.number
    this.#client = options.client
    this.#address = formatAddress(options.client.remoteAddress ?? '', options.client.remotePort ?? 0)
    this.#client.on('error', () => {
      if (this.#links.length === 0) this.#ending ??= 'rst by client'
    })
    this.#client.on('close', () => {
      if (this.#links.length === 0) this.#upstream?.destroy()
      this.#settle()
    })
    // Nobody reads it yet, and a dial may take long.
    watchStalled(this.#client)
    this.#dial()
  }

  get links(): readonly Link[] {
    return this.#links
  }

  get record(): ConnectionRecord {
    const [up, down] = this.#links
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

  note(event: Omit<LinkEvent, 'ms'>): void {
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
    for (const link of this.#links) link.addToxic(toxic)
  }

  updateToxic(toxic: Toxic): void {
    for (const link of this.#links) link.updateToxic(toxic)
  }

  removeToxic(toxic: Toxic): void {
    for (const link of this.#links) link.removeToxic(toxic)
  }

  /**
   * As the real server: no half-close, the whole destination is closed once its bytes are out, and a reset becomes FIN.
   * Both can be asked for.
   */
  finished(link: Link): void {
    const { halfClose, carryReset } = this.#options.extensions
    const isHalf = halfClose && link.hasSourceEnded && !link.source.destroyed
    // Of two halves it is the second one that ends the connection.
    if (link.hasSourceEnded && !(isHalf && this.#links.some((one) => !one.isFinished)))
      this.#ending ??= `fin by ${sideOf(link)}`
    if (carryReset && link.hasReset) resetSocket(link.destination)
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
      this.#refuse()
      return
    }
    const reader = new Reader()
    let upstream: Socket
    try {
      upstream = connect({ ...address, allowHalfOpen: true, noDelay: true, onread: reader.onread })
    } catch {
      this.#refuse()
      return
    }
    this.#upstream = upstream
    this.#timer = setTimeout(() => upstream.destroy(), this.#options.dialTimeoutMs)
    upstream.on('error', () => undefined)
    upstream.once('connect', () => this.#join(upstream, reader))
    upstream.once('close', () => {
      if (this.#links.length === 0) this.#refuse()
      this.#settle()
    })
  }

  #join(upstream: Socket, reader: Reader): void {
    this.#stopTimer()
    unwatchStalled(this.#client)
    if (this.#client.destroyed) {
      upstream.destroy()
      return
    }
    const client = this.#client
    const toxics = this.#options.toxics()
    const up = new Link(this, 'upstream', client, upstream, toxics)
    const down = new Link(this, 'downstream', upstream, client, toxics)
    this.#links = [up, down]
    this.#follow(client, up, down)
    this.#follow(upstream, down, up)
    up.start()
    down.start(reader)
  }

  /** `out` is the link that reads from this socket, `into` the one that writes to it. */
  #follow(socket: Socket, out: Link, into: Link): void {
    let isLost = false
    socket.on('end', () => out.sourceEnded())
    socket.on('error', (error: NodeJS.ErrnoException) => {
      isLost = true
      out.hasReset ||= error.code === 'ECONNRESET' || error.code === 'EPIPE'
      into.hasFailed ||= error.syscall === 'write' || into.isHeld
      // Now, not once the link is done: what a toxic holds may never go out.
      this.#ending ??= `${out.hasReset ? 'rst' : 'lost'} by ${sideOf(out)}`
    })
    socket.on('close', () => {
      into.destinationGone()
      out.sourceEnded()
      // Half-closed by its FIN before, and now gone altogether: so must be the other side.
      if (this.#options.extensions.halfClose && out.isFinished) this.#giveUp(out, 'later')
      if (isLost && !out.destination.destroyed) this.#watch(out)
    })
  }

  /**
   * One side was reset. What it had sent still goes out, at the time that a toxic has for it, but only while it moves:
   * a destination that reads nothing, or a toxic that lets nothing go, would keep the other side open for ever.
   */
  #watch(link: Link): void {
    if (this.#timer !== null) return
    const { destination } = link
    // Nobody is left to hear what it says, and reading it would count as a sign of life below.
    destination.pause()
    watchStalled(destination)
    // Node looks for itself whether the system takes any of what waits to be written.
    destination.setTimeout(watchMs, () => {
      if (destination.writableLength > 0) this.#giveUp(link, 'now')
    })
    let sent = link.sent
    this.#timer = setInterval(() => {
      const isStill = link.sent === sent && destination.writableLength === 0
      if (isStill && link.holdsBeyond(now() + patienceMs)) this.#giveUp(link, 'now')
      sent = link.sent
    }, watchMs)
  }

  /** The source is gone altogether, and so must be the other side: at once, or when what it was sent is out. */
  #giveUp({ hasReset, destination }: Link, when: 'now' | 'later'): void {
    if (this.#options.extensions.carryReset && hasReset) resetSocket(destination)
    else if (when === 'now') destination.destroy()
    else destination.destroySoon()
  }

  /** The upstream cannot be reached: the client, whose connection was accepted, gets FIN. */
  #refuse(): void {
    this.#stopTimer()
    this.#ending ??= 'refused'
    const client = this.#client
    if (client.destroyed) return
    client.end()
    client.resume()
    this.#timer = setTimeout(() => client.destroy(), refusalMs)
  }

  #settle(): void {
    if (this.#endedAt !== null || !this.#client.destroyed || this.#upstream?.destroyed === false) return
    this.#endedAt = now()
    this.#stopTimer()
    unwatchStalled(this.#client)
    if (this.#upstream !== null) unwatchStalled(this.#upstream)
    this.#options.closed(this)
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}

/** Whose bytes a link carries. */
const sideOf = (link: Link): string => (link.direction === 'upstream' ? 'client' : 'upstream')
