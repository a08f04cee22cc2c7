import type { Socket } from 'node:net'
import type { Channel, Subscriber } from './channel.ts'
import type { StoredEvent } from './event.ts'
import type { SseRules } from './rules.ts'

/** Limit of the events that wait for one client: two whole histories. Then the client is dropped. */
const queueLimit = 8192

/** How long a client may read nothing before it is dropped, in ms. */
const stallTimeoutMs = 30_000

/** Events within this time are reordered if the rule `order` is `reversed`, in ms. */
const reorderMs = 100

/**
 * One client's stream. Its queue holds references to the shared history, and is written only as fast as the socket
 * accepts bytes. A client that is too slow is dropped, and can resume with its cursor. Other clients are not affected.
 */
export class ClientStream implements Subscriber {
  readonly #socket: Socket
  readonly #channel: Channel
  readonly #rules: SseRules
  readonly #chunked: boolean
  readonly #queue: StoredEvent[] = []
  readonly #timers = new Set<NodeJS.Timeout>()
  #reordering: StoredEvent[] = []
  #stalledSince: number | null = null
  #written = 0
  /** The previous event, with the name that was sent. */
  #previous: StoredEvent | null = null
  #hasEnded = false
  #idleTimer: NodeJS.Timeout | null = null

  constructor(socket: Socket, channel: Channel, rules: SseRules, chunked: boolean) {
    this.#socket = socket
    this.#channel = channel
    this.#rules = rules
    this.#chunked = chunked
    socket.on('drain', () => {
      this.#stalledSince = null
      this.#pump()
    })
    socket.on('data', (bytes: Buffer) => this.#received(bytes))
    socket.once('end', () => this.end())
    socket.once('close', () => this.#onClosed())
    socket.resume()
  }

  /** Sends the opening and, every `heartbeatMs`, a heartbeat. */
  open(heartbeatMs: number): void {
    this.write(this.#rules.opening)
    const repeat = (): void => {
      this.#heartbeat()
      this.after(heartbeatMs, repeat)
    }
    this.after(heartbeatMs, repeat)
    if (this.#rules.lifetimeMs !== null) this.after(this.#rules.lifetimeMs, () => this.end())
  }

  /** Writes bytes to the stream, as one chunk of a chunked response. */
  write(bytes: Uint8Array): void {
    if (this.#hasEnded || bytes.length === 0 || !this.#socket.writable) return
    const framed = this.#chunked
      ? Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
      : bytes
    if (!this.#socket.write(framed)) this.#stalledSince ??= performance.now()
    this.#restartIdleTimer()
  }

  deliver(event: StoredEvent): void {
    if (this.#hasEnded) return
    if (this.#rules.order === 'reversed') {
      this.#reordering.unshift(event)
      if (this.#reordering.length === 1)
        this.after(reorderMs, () => this.#enqueue(this.#reordering.splice(0)))
      return
    }
    this.#enqueue([event])
  }

  /** Sends events before all events that are delivered later. */
  replay(events: readonly StoredEvent[]): void {
    this.#enqueue(events)
  }

  /** Ends the response body, and the connection with it. */
  end(): void {
    if (this.#hasEnded) return
    if (this.#chunked && this.#socket.writable) this.#socket.write('0\r\n\r\n')
    this.#socket.destroySoon()
    this.#onClosed()
  }

  /** Calls `act` after `ms`, unless the stream ends before. */
  after(ms: number, act: () => void): void {
    if (this.#hasEnded) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, ms)
    this.#timers.add(timer)
  }

  #enqueue(events: readonly StoredEvent[]): void {
    for (const event of events) {
      this.#queue.push(...Array.from({ length: this.#rules.copies }, () => event))
    }
    if (this.#queue.length > queueLimit) this.#socket.destroy()
    else this.#pump()
  }

  #pump(): void {
    while (!this.#hasEnded && this.#stalledSince === null) {
      const event = this.#queue.shift()
      if (event === undefined) return
      const bytes = this.#encode(event)
      if (this.#rules.holdBlankMs === 0) {
        this.write(bytes)
      } else {
        this.write(bytes.subarray(0, -1))
        this.after(this.#rules.holdBlankMs, () => this.write(bytes.subarray(-1)))
      }
    }
  }

  #encode(event: StoredEvent): Uint8Array {
    const rules = this.#rules
    const id = rules.idWritten(event, this.#written)
    const name = rules.nameWritten(event, this.#previous)
    this.#written += 1
    this.#previous = { ...event, name }
    const parts = [
      id === null ? Buffer.alloc(0) : rules.encodeField('id', id),
      name === null ? Buffer.alloc(0) : rules.encodeField('event', name),
      rules.encodeLines(rules.toLines(event.data)),
      Buffer.from(rules.blank),
    ]
    return rules.rewrite(Buffer.concat(parts), event)
  }

  #heartbeat(): void {
    if (this.#stalledSince === null) {
      if (this.#rules.heartbeat !== null) this.write(this.#rules.heartbeat)
    } else if (performance.now() - this.#stalledSince > stallTimeoutMs) {
      this.#socket.destroy()
    }
  }

  #restartIdleTimer(): void {
    const { idleStreamTimeoutMs: ms } = this.#rules
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#idleTimer = ms === null || this.#hasEnded ? null : setTimeout(() => this.end(), ms)
  }

  /** Bytes after the request have no effect: the response has `Connection: close`. */
  #received(bytes: Buffer): void {
    const { pipelined } = this.#rules
    if (pipelined === 'end') this.end()
    if (pipelined === 'echo')
      this.write(Buffer.from(`data: ${bytes.toString().split('\r\n').join('\ndata: ')}\n\n`))
    if (pipelined === 'answer-inside')
      this.#socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
  }

  #onClosed(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    for (const timer of this.#timers) clearTimeout(timer)
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#timers.clear()
    this.#queue.length = 0
    this.#channel.leave(this)
  }
}
