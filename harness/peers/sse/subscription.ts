import type { Inconclusive } from '#model/errors'
import type { Ending } from '#model/model'
import { EventStreamParser } from '#wire/sse/event-stream'
import type { ParsedEvent } from '#wire/sse/types'
import type { ConnectionTrace } from '#proxies/types'
import type { Exchange } from '#peers/http/exchange'
import { openExchange } from '#peers/http/open-exchange'
import type { HttpHead, Route, StreamEvent, StreamLine, StreamProblem, SubscribeOptions } from '#peers/kit'
import { endedByPolicy } from '#peers/net/idle-control'
import type { SessionContext } from '#peers/session/context'
import { judgeResponse, missingResponse, namesCodings, subscriptionRequest } from './request.ts'

/**
 * One connection that requests an event stream, and all that has arrived on it so far. `connect` sends the request,
 * `accepted` waits for the response.
 */
export class Subscription {
  protected readonly context: SessionContext
  readonly #options: SubscribeOptions
  readonly #parser: EventStreamParser
  #exchange: Exchange | null = null
  #acceptsCodings = false
  /** Number of the events that the transcript has. */
  #noted = 0
  #lastByteMs = 0

  constructor(context: SessionContext, options: SubscribeOptions = {}) {
    this.context = context
    this.#options = options
    const { lastEventId } = options
    this.#parser = new EventStreamParser({ lastEventId: typeof lastEventId === 'string' ? lastEventId : '' })
  }

  /**
   * Opens the connection and sends the request. Does not wait for the response.
   *
   * @throws what `openConnection` throws.
   */
  async connect(): Promise<this> {
    const request = subscriptionRequest(this.context.endpoint, this.#options)
    this.#acceptsCodings = namesCodings(request)
    this.#exchange = await openExchange(this.context, {
      ...request,
      via: this.#options.via,
      onBody: (bytes, ms) => this.#receive(bytes, ms),
      onEnd: () => this.#parser.end(),
    })
    return this
  }

  /**
   * Waits for a response with status 200 and an event-stream type.
   *
   * @throws Violation if the target answers anything else, or nothing.
   * @throws Inconclusive `target-refused` on 429 and 503.
   * @throws Severed if the proxy ended the connection before the response.
   */
  async accepted(withinMs = this.patient(this.context.limits.head)): Promise<this> {
    const head = await this.exchange.headOrEnd(withinMs)
    this.context.judged(this.ending)
    if (head === null) throw missingResponse(this.exchange)
    judgeResponse(this.context, head, this.#acceptsCodings)
    return this
  }

  get exchange(): Exchange {
    if (this.#exchange === null) throw new TypeError('the stream has no connection yet')
    return this.#exchange
  }

  get response(): HttpHead {
    const head = this.exchange.head
    if (head === null) throw new TypeError('no response has arrived')
    return head
  }

  get route(): Route {
    return this.exchange.stream.route
  }

  get body(): Uint8Array {
    return this.#parser.body
  }

  /** Bytes of the body so far, including those that are no longer kept. */
  get size(): number {
    return this.#parser.size
  }

  /** Offset in the body at which the event that is still incomplete begins. */
  get blockFrom(): number {
    return this.#parser.blockFrom
  }

  get lines(): readonly StreamLine[] {
    return this.#parser.lines
  }

  get events(): readonly StreamEvent[] {
    return this.#parser.events
  }

  get problems(): readonly StreamProblem[] {
    return this.#parser.problems
  }

  get lastEventId(): string {
    return this.#parser.lastEventId
  }

  get retry(): number | null {
    return this.#parser.retry
  }

  get ending(): Ending | null {
    return this.exchange.ending
  }

  get trace(): ConnectionTrace {
    return this.exchange.stream.trace
  }

  /** When the last byte of the body arrived, in ms of the session. */
  protected get lastByteMs(): number {
    return this.#lastByteMs
  }

  /** The first event that matches, of those that have arrived and those that arrive in time. */
  find(match: (event: StreamEvent) => boolean, withinMs: number): Promise<StreamEvent | undefined> {
    return this.#first(() => this.events, match, withinMs)
  }

  /** The first line that matches, of those that have arrived and those that arrive in time. */
  findLine(match: (line: StreamLine) => boolean, withinMs: number): Promise<StreamLine | undefined> {
    return this.#first(() => this.lines, match, withinMs)
  }

  /**
   * How much of its events a stream has delivered: the text changes if more than heartbeats has arrived. A slow link
   * that still has events to deliver delivers no heartbeats alone.
   */
  get progress(): string {
    const last = this.lines.at(-1)
    const ended = last === undefined ? 0 : last.offset + last.bytes.length + (last.end === 'crlf' ? 2 : 1)
    const fields = this.lines.filter(({ kind }) => kind === 'field').length
    return `${fields} fields, ${this.size - ended} bytes`
  }

  /** Ends the connection by FIN. */
  close(): void {
    this.exchange.stream.finish()
    void this.exchange.stream.close()
  }

  /** Ends the connection by RST. */
  reset(): void {
    this.exchange.stream.reset()
  }

  /**
   * A target may end any stream after a while. If it has ended this one, a second stream like it, straight to the
   * target and left alone, shows whether that is its policy.
   *
   * @returns why the missing event cannot be judged; null if it can.
   */
  async endedByPolicy(): Promise<Inconclusive | null> {
    const { ending } = this
    // A body that breaks its own framing is a fault, whatever the policy.
    if (ending?.by !== 'target' || this.exchange.bad !== null) return null
    const { via: _, ...straight } = this.#options
    const policy = await endedByPolicy(this.context, 'streams', this.exchange.stream.now(), async () => {
      const idle = await (await new Subscription(this.context, straight).connect()).accepted()
      const { exchange } = idle
      return { stream: exchange.stream, isEnded: () => idle.ending !== null && exchange.bad === null }
    })
    this.context.judged(ending)
    return policy
  }

  /** How long to wait on this route: longer if the link is slow, not as long if the proxy ends the connection anyway. */
  protected patient(ms: number): number {
    const { severs, patience = 1 } = this.route
    return severs ? Math.min(ms, this.context.limits.reply / 2) : ms * patience
  }

  async #first<Item>(
    received: () => readonly Item[],
    match: (item: Item) => boolean,
    withinMs: number,
  ): Promise<Item | undefined> {
    let examined = 0
    const examine = (): Item | null | undefined => {
      for (const items = received(); examined < items.length; examined += 1) {
        const item = items[examined]
        if (item !== undefined && match(item)) return item
      }
      return this.exchange.over || this.ending !== null ? null : undefined
    }
    return (await this.exchange.stream.watch.until(examine, withinMs)) ?? undefined
  }

  #receive(bytes: Uint8Array, ms: number): void {
    this.#lastByteMs = ms
    this.#parser.push(bytes, ms)
    for (; this.#noted < this.events.length; this.#noted += 1) {
      const event = this.events[this.#noted] as ParsedEvent
      const raw = this.body.slice(event.from, event.to)
      this.context.transcript.add('target', 'event', eventInWords(event), raw)
    }
  }
}

/** `event "message", id "4", 12 characters of data`, cut off if it is long. */
function eventInWords({ type, id, data }: StreamEvent): string {
  const name = type.length > 40 ? `${type.slice(0, 40)}..` : type
  const cursor = id === null ? 'no id' : `id ${JSON.stringify(id.slice(0, 40))}`
  return `event ${JSON.stringify(name)}, ${cursor}, ${data.length} characters of data`
}
