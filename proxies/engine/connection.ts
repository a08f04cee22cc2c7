import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { splitAddress } from './address.ts'
import { Link } from './link.ts'
import type { LinkOwner, Toxic } from './link.ts'

/** How often a half whose other side was reset is asked whether it still gets rid of its bytes. */
const watchMs = 2000
/** How long a client that could not be connected may take to close its side. */
const refusalMs = 2000

export interface ConnectionOptions {
  readonly client: Socket
  readonly upstream: string
  readonly seeds: readonly (string | number)[]
  readonly dialTimeoutMs: number
  /** Toxics at the moment when the upstream is connected. */
  readonly toxics: () => readonly Toxic[]
  readonly closed: (connection: Connection) => void
}

/** A client, its upstream, and the two links between them. */
export class Connection implements LinkOwner {
  readonly seeds: readonly (string | number)[]
  readonly #options: ConnectionOptions
  readonly #client: Socket
  #upstream: Socket | null = null
  #links: readonly Link[] = []
  #timer: NodeJS.Timeout | null = null
  #over = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.seeds = options.seeds
    this.#client = options.client
    this.#client.on('error', () => undefined)
    this.#client.on('close', () => {
      if (this.#links.length === 0) this.#upstream?.destroy()
      this.#settle()
    })
    this.#dial()
  }

  get links(): readonly Link[] {
    return this.#links
  }

  /** Closes both sockets now, whatever the toxics hold. */
  destroy(): void {
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

  /** As the real server: no half-close, the whole destination is closed once its bytes are out. */
  finished(link: Link): void {
    link.destination.destroySoon()
  }

  reset(): void {
    this.#client.resetAndDestroy()
    this.#upstream?.resetAndDestroy()
  }

  #dial(): void {
    const address = splitAddress(this.#options.upstream)
    if (address === null || address.port === 0) {
      this.#refuse()
      return
    }
    const host = address.host === '' ? 'localhost' : address.host
    let upstream: Socket
    try {
      upstream = connect({ host, port: address.port, allowHalfOpen: true, noDelay: true })
    } catch {
      this.#refuse()
      return
    }
    this.#upstream = upstream
    this.#timer = setTimeout(() => upstream.destroy(), this.#options.dialTimeoutMs)
    upstream.on('error', () => undefined)
    upstream.once('connect', () => this.#join(upstream))
    upstream.once('close', () => {
      if (this.#links.length === 0) this.#refuse()
      this.#settle()
    })
  }

  #join(upstream: Socket): void {
    this.#stopTimer()
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
    down.start()
  }

  /** `out` is the link that reads from this socket, `into` the one that writes to it. */
  #follow(socket: Socket, out: Link, into: Link): void {
    socket.on('end', () => out.sourceEnded())
    socket.on('error', () => {
      into.hasFailed = true
      this.#watch(out)
    })
    socket.on('close', () => {
      into.destinationGone()
      out.sourceEnded()
    })
  }

  /**
   * One side was reset. What it had sent still goes out, but only while it moves: a destination that reads nothing
   * would keep the other side open for ever.
   */
  #watch(link: Link): void {
    if (this.#timer !== null) return
    let sent = link.sent
    this.#timer = setInterval(() => {
      if (link.sent === sent && link.isStuck) link.destination.destroy()
      sent = link.sent
    }, watchMs)
  }

  /** The upstream cannot be reached: the client, whose connection was accepted, gets FIN. */
  #refuse(): void {
    this.#stopTimer()
    const client = this.#client
    if (client.destroyed) return
    client.end()
    client.resume()
    this.#timer = setTimeout(() => client.destroy(), refusalMs)
  }

  #settle(): void {
    if (this.#over || !this.#client.destroyed || this.#upstream?.destroyed === false) return
    this.#over = true
    this.#stopTimer()
    for (const link of this.#links) link.forget()
    this.#options.closed(this)
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
