import type { StoredEvent } from './event.ts'
import type { SseRules } from './rules.ts'

/** What the channel hands events to. */
export interface Subscriber {
  deliver(event: StoredEvent): void
  end(): void
}

export interface Publication {
  readonly name: string | null
  readonly id: string | null
  readonly data: Uint8Array
}

/** Octets of payload that the history keeps. */
const historyBytes = 32 * 1024 * 1024

/**
 * The events of the service in the order of publication, and those who listen. The history is bounded by count and
 * by bytes; the oldest go first. Publishing hands the event to every subscriber before it returns.
 */
export class Channel {
  readonly #rules: SseRules
  readonly #kept: StoredEvent[] = []
  /** Sequence of each id that is kept. */
  readonly #places = new Map<string, number>()
  readonly #subscribers = new Set<Subscriber>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #bytes = 0
  #sequence = 0

  constructor(rules: SseRules) {
    this.#rules = rules
  }

  get size(): number {
    return this.#subscribers.size
  }

  get kept(): readonly StoredEvent[] {
    return this.#kept
  }

  /** Index of the event with this id in `kept`, or -1. */
  indexOf(id: string): number {
    const oldest = this.#kept[0]
    const sequence = this.#places.get(id)
    return oldest === undefined || sequence === undefined ? -1 : sequence - oldest.sequence
  }

  has(id: string): boolean {
    return this.#places.has(id)
  }

  /** Keeps the event and hands it out. An id of the publisher's own must not be kept already. */
  publish(publication: Publication): StoredEvent {
    this.#sequence += 1
    const { name, data } = publication
    const id = publication.id ?? this.#freshId()
    const event = { sequence: this.#sequence, id, name, data }
    this.#keep(event)
    if (this.#rules.holdMs === 0) this.#handOut(event)
    else this.later(this.#rules.holdMs, () => this.#handOut(event))
    return event
  }

  join(subscriber: Subscriber): void {
    if (this.#rules.oneAtATime) this.#endAll()
    this.#subscribers.add(subscriber)
  }

  leave(subscriber: Subscriber): void {
    if (this.#subscribers.delete(subscriber) && this.#rules.leaving === 'ends-all') this.#endAll()
  }

  /** Runs once, unless the channel is closed before. */
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
    const all = [...this.#subscribers]
    this.#subscribers.clear()
    for (const one of all) one.end()
  }

  /** The id made from the sequence, unless a publisher has taken that one. */
  #freshId(): string {
    const made = this.#rules.makeId(this.#sequence)
    return this.#places.has(made) ? `${made}+` : made
  }

  #keep(event: StoredEvent): void {
    this.#kept.push(event)
    this.#places.set(event.id, event.sequence)
    this.#bytes += event.data.length
    while (this.#kept.length > this.#rules.historySize || this.#bytes > historyBytes) {
      const oldest = this.#kept.shift()
      if (oldest === undefined) return
      this.#bytes -= oldest.data.length
      if (this.#places.get(oldest.id) === oldest.sequence) this.#places.delete(oldest.id)
    }
  }

  #handOut(event: StoredEvent): void {
    const all = [...this.#subscribers]
    const { audience } = this.#rules
    for (const one of audience === 'all' ? all : audience === 'oldest' ? all.slice(0, 1) : all.slice(-1)) {
      one.deliver(event)
    }
  }
}
