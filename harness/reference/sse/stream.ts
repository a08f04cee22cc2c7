import type { Socket } from 'node:net'
import type { Channel, Subscriber } from './channel.ts'
import type { StoredEvent } from './event.ts'
import type { SseRules } from './rules.ts'

/** Events that may wait for one client, two whole histories, before it is cut off. */
const waitingLimit = 8192

/** How long a client may take nothing before it is cut off. */
const stalledMs = 30_000

const reorderMs = 100

/**
 * One client's stream. Events wait as references into the shared history, and are written only as fast as the
 * socket takes them; a client that falls too far behind is cut off, and resumes with its cursor. None of this
 * touches other clients.
 */
export class ClientStream implements Subscriber {
  readonly #socket: Socket
  readonly #channel: Channel
  readonly #rules: SseRules
  readonly #chunked: boolean
  readonly #waiting: StoredEvent[] = []
  readonly #timers = new Set<NodeJS.Timeout>()
  #late: StoredEvent[] = []
  #stalledSince: number | null = null
  #written = 0
  /** With the name that was written. */
  #before: StoredEvent | null = null
  #over = false
  #silence: NodeJS.Timeout | null = null

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
    socket.once('close', () => this.#gone())
    socket.resume()
  }

  /** Sends the opening and, every `heartbeatMs`, a heartbeat. */
  open(heartbeatMs: number): void {
    this.#write(this.#rules.opening)
    const beat = (): void => {
      this.#beat()
      this.after(heartbeatMs, beat)
    }
    this.after(heartbeatMs, beat)
    if (this.#rules.lifetimeMs !== null) this.after(this.#rules.lifetimeMs, () => this.end())
  }

  /** Writes bytes that are no event of the channel. */
  say(bytes: Uint8Array): void {
    this.#write(bytes)
  }

  deliver(event: StoredEvent): void {
    if (this.#over) return
    if (this.#rules.order === 'reversed') {
      this.#late.unshift(event)
      if (this.#late.length === 1) this.after(reorderMs, () => this.#take(this.#late.splice(0)))
      return
    }
    this.#take([event])
  }

  /** Events that come before all that is delivered later. */
  replay(events: readonly StoredEvent[]): void {
    this.#take(events)
  }

  /** Ends the stream as HTTP does, and the connection with it. */
  end(): void {
    if (this.#over) return
    if (this.#chunked && this.#socket.writable) this.#socket.write('0\r\n\r\n')
    this.#socket.destroySoon()
    this.#gone()
  }

  /** Runs once, unless the stream ends before. */
  after(ms: number, act: () => void): void {
    if (this.#over) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, ms)
    this.#timers.add(timer)
  }

  #take(events: readonly StoredEvent[]): void {
    for (const event of events) {
      this.#waiting.push(...Array.from({ length: this.#rules.copies }, () => event))
    }
    if (this.#waiting.length > waitingLimit) this.#socket.destroy()
    else this.#pump()
  }

  #pump(): void {
    while (!this.#over && this.#stalledSince === null) {
      const event = this.#waiting.shift()
      if (event === undefined) return
      const bytes = this.#encode(event)
      if (this.#rules.holdBlankMs === 0) {
        this.#write(bytes)
      } else {
        this.#write(bytes.subarray(0, -1))
        this.after(this.#rules.holdBlankMs, () => this.#write(bytes.subarray(-1)))
      }
    }
  }

  #encode(event: StoredEvent): Uint8Array {
    const rules = this.#rules
    const id = rules.idWritten(event, this.#written)
    const name = rules.nameWritten(event, this.#before)
    this.#written += 1
    this.#before = { ...event, name }
    const parts = [
      id === null ? Buffer.alloc(0) : rules.encodeField('id', id),
      name === null ? Buffer.alloc(0) : rules.encodeField('event', name),
      rules.encodeLines(rules.toLines(event.data)),
      Buffer.from(rules.blank),
    ]
    return rules.rewrite(Buffer.concat(parts), event)
  }

  #beat(): void {
    if (this.#stalledSince === null) {
      if (this.#rules.heartbeat !== null) this.#write(this.#rules.heartbeat)
    } else if (performance.now() - this.#stalledSince > stalledMs) {
      this.#socket.destroy()
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.#over || bytes.length === 0 || !this.#socket.writable) return
    const framed = this.#chunked
      ? Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
      : bytes
    if (!this.#socket.write(framed)) this.#stalledSince ??= performance.now()
    this.#heedSilence()
  }

  #heedSilence(): void {
    const { endsSilentStreamAfterMs: ms } = this.#rules
    if (this.#silence !== null) clearTimeout(this.#silence)
    this.#silence = ms === null || this.#over ? null : setTimeout(() => this.end(), ms)
  }

  /** What comes upstream behind the request has no effect: the answer said that the connection closes behind it. */
  #received(bytes: Buffer): void {
    const { pipelined } = this.#rules
    if (pipelined === 'end') this.end()
    if (pipelined === 'echo')
      this.#write(Buffer.from(`data: ${bytes.toString().split('\r\n').join('\ndata: ')}\n\n`))
    if (pipelined === 'answer-inside')
      this.#socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
  }

  #gone(): void {
    if (this.#over) return
    this.#over = true
    for (const timer of this.#timers) clearTimeout(timer)
    if (this.#silence !== null) clearTimeout(this.#silence)
    this.#timers.clear()
    this.#waiting.length = 0
    this.#channel.leave(this)
  }
}
