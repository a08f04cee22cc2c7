import type { StoredEvent } from './event.ts'
import type { SseRules } from './rules.ts'

/** Receives the channel's events. */
export interface Subscriber {
  deliver(event: StoredEvent): void
  end(): void
}

export interface Publication {
  readonly name: string | null
  readonly id: string | null
  readonly data: Uint8Array
}

/** Limit of the payloads in the history, in bytes. */
const historyLimitBytes = 32 * 1024 * 1024

/**
 * The events of the service in the order of publication, and their subscribers. The history is limited by count and
 * by bytes; the oldest events are dropped first. `publish` delivers the event to every subscriber before it returns.
 */
export class Channel {
  readonly #rules: SseRules
  readonly #kept: StoredEvent[] = []
  /** Sequence by id, of the events in the history. */
  readonly #sequences = new Map<string, number>()
  readonly #subscribers = new Set<Subscriber>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #bytes = 0
  #sequence = 0

  constructor(rules: SseRules) {
    this.#rules = rules
  }

  /** Number of subscribers. */
  get size(): number {
    return this.#subscribers.size
  }

  /** The history, oldest first. */
  get kept(): readonly StoredEvent[] {
    return this.#kept
  }

  /** Index in `kept` of the event with this id, or -1. */
  indexOf(id: string): number {
    const oldest = this.#kept[0]
    const sequence = this.#sequences.get(id)
    return oldest === undefined || sequence === undefined ? -1 : sequence - oldest.sequence
  }

  has(id: string): boolean {
    return this.#sequences.has(id)
  }

  /** Adds the event to the history and delivers it. An id chosen by the publisher must not be in the history. */
  publish(publication: Publication): StoredEvent {
    this.#sequence += 1
    const { name, data } = publication
    const id = publication.id ?? this.#unusedId()
    const event = { sequence: this.#sequence, id, name, data }
    this.#keep(event)
    if (this.#rules.holdMs === 0) this.#deliver(event)
    else this.later(this.#rules.holdMs, () => this.#deliver(event))
    return event
  }

  join(subscriber: Subscriber): void {
    if (this.#rules.oneAtATime) this.#endAll()
    this.#subscribers.add(subscriber)
  }

  leave(subscriber: Subscriber): void {
    if (this.#subscribers.delete(subscriber) && this.#rules.disconnect === 'ends-all') this.#endAll()
  }

  /** Calls `act` after `ms`, unless the channel closes before. */
  later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, ms)
    this.#timers.add(timer)
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    this.#endAll()
  }

  #endAll(): void {
    const subscribers = [...this.#subscribers]
    this.#subscribers.clear()
    for (const subscriber of subscribers) subscriber.end()
  }

  /** The id made from the sequence; with a `+` if a publisher has used that id. */
  #unusedId(): string {
    const id = this.#rules.makeId(this.#sequence)
    return this.#sequences.has(id) ? `${id}+` : id
  }

  #keep(event: StoredEvent): void {
    this.#kept.push(event)
    this.#sequences.set(event.id, event.sequence)
    this.#bytes += event.data.length
    while (this.#kept.length > this.#rules.historySize || this.#bytes > historyLimitBytes) {
      const oldest = this.#kept.shift()
      if (oldest === undefined) return
      this.#bytes -= oldest.data.length
      if (this.#sequences.get(oldest.id) === oldest.sequence) this.#sequences.delete(oldest.id)
    }
  }

  #deliver(event: StoredEvent): void {
    const all = [...this.#subscribers]
    const { audience } = this.#rules
    const recipients = audience === 'all' ? all : audience === 'oldest' ? all.slice(0, 1) : all.slice(-1)
    for (const subscriber of recipients) subscriber.deliver(event)
  }
}
