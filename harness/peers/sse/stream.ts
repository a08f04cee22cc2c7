import { Inconclusive, Violation } from '#model/errors'
import type { Ending } from '#model/model'
import { EventStreamParser } from '#wire/sse/event-stream'
import type { ParsedEvent } from '#wire/sse/types'
import type { ConnectionTrace } from '#proxies/types'
import type { SessionContext } from '#peers/session/context'
import type { Exchange } from '#peers/http/exchange'
import { openExchange } from '#peers/http/open-exchange'
import type {
  EventStream,
  HttpHead,
  Route,
  StreamEvent,
  StreamLine,
  StreamProblem,
  SubscribeOptions,
} from '#peers/kit'
import { endedByPolicy } from '#peers/net/idle-control'
import type { Publisher } from './publish.ts'
import { Severed } from '#peers/faults/severed'
import { judgeAnswer, unanswered } from './answer.ts'
import { gives, headersOf, usualHeaders } from './request.ts'
import { findEvent, findLate, findLine } from './search.ts'
import { endedHow, eventInWords } from './words.ts'

/**
 * A subscription as it comes. `openStream` gives it as soon as the request is sent; `accepted` waits for the answer.
 */
export class Stream implements EventStream {
  readonly #context: SessionContext
  readonly #publisher: Publisher
  readonly #parser: EventStreamParser
  #exchange: Exchange | null = null
  #takesCoding = false
  /** Opens a stream like this one, straight to the target. */
  #another: (() => Promise<Stream>) | null = null
  #told = 0
  /** When the last byte of the body came, in ms of the session. */
  #byteMs = 0

  private constructor(context: SessionContext, publisher: Publisher, cursor: string) {
    this.#context = context
    this.#publisher = publisher
    this.#parser = new EventStreamParser({ lastEventId: cursor })
  }

  /** Connects and asks. Waits for no answer. */
  static async open(
    context: SessionContext,
    publisher: Publisher,
    options: SubscribeOptions = {},
  ): Promise<Stream> {
    const endpoint = context.endpoint('sse')
    const id = options.lastEventId
    const stream = new Stream(context, publisher, typeof id === 'string' ? id : '')
    const { via: _, ...straight } = options
    stream.#another = () => Stream.open(context, publisher, straight)
    stream.#takesCoding = gives([...endpoint.headers, ...(options.headers ?? [])], 'Accept-Encoding')
    stream.#exchange = await openExchange(context, {
      endpoint,
      url: options.url ?? endpoint.url,
      via: options.via,
      method: 'GET',
      version: options.httpVersion ?? '1.1',
      defaults: usualHeaders,
      headers: headersOf(options),
      without: options.without ?? [],
      onBody: (bytes, ms) => stream.#body(bytes, ms),
      onEnd: () => stream.#parser.end(),
    })
    return stream
  }

  /**
   * Waits until a 200 with an event-stream type has come.
   *
   * @throws Violation where something else came; Inconclusive on 429 and 503; Severed where the link ended it.
   */
  async accepted(withinMs = this.#patient(this.#context.limits.head)): Promise<this> {
    const head = await this.exchange.headOrEnd(withinMs)
    this.#context.judged(this.ending)
    if (head === null) throw unanswered(this.exchange)
    judgeAnswer(this.#context, head, this.#takesCoding)
    return this
  }

  get exchange(): Exchange {
    if (this.#exchange === null) throw new TypeError('the stream has no connection yet')
    return this.#exchange
  }

  get response(): HttpHead {
    const head = this.exchange.head
    if (head === null) throw new TypeError('no response has come')
    return head
  }

  get route(): Route {
    return this.exchange.stream.route
  }

  get body(): Uint8Array {
    return this.#parser.body
  }

  /** Bytes of the body so far, kept or not. */
  get size(): number {
    return this.#parser.size
  }

  /** Offset of the block that is not ended yet. */
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

  async expectEvent(
    what: string,
    match: (event: StreamEvent) => boolean,
    within?: number,
  ): Promise<StreamEvent> {
    const limit =
      within === undefined ? this.#patient(this.#context.limits.event) : this.#context.scaled(within)
    const found = (await this.find(match, limit)) ?? (await findLate(this.#context, this, match))
    this.#context.judged(this.ending)
    if (found !== undefined) return found
    this.#severed()
    // Whether others came meanwhile depends on who else publishes: the words must be the same in every run.
    const others = 'it did not come'
    return await this.#fall(
      what,
      this.ending === null ? others : `${others}, and ${endedHow(this.ending, 'the stream')}`,
    )
  }

  /**
   * @throws Violation; or Inconclusive where the target ended the stream, and does so with one that nobody disturbs.
   */
  async #fall(expected: string, actual: string): Promise<never> {
    throw (await this.endedByPolicy()) ?? new Violation(expected, actual)
  }

  /** Why nothing can be judged where the target ended this stream by a policy of its own; null where it did not. */
  async endedByPolicy(): Promise<Inconclusive | null> {
    const { ending } = this
    const another = this.#another
    // What is not framed as it says is broken, whoever sends it.
    if (ending?.by !== 'target' || another === null || this.exchange.bad !== null) return null
    const policy = await endedByPolicy(this.#context, 'streams', this.exchange.stream.now(), async () => {
      const idle = await (await another()).accepted()
      return {
        stream: idle.exchange.stream,
        isEnded: () => idle.ending !== null && idle.exchange.bad === null,
      }
    })
    this.#context.judged(ending)
    return policy
  }

  /** The first event that matches, of those that came and those that come; undefined when none does in time. */
  find(match: (event: StreamEvent) => boolean, withinMs: number): Promise<StreamEvent | undefined> {
    return findEvent(this, match, withinMs)
  }

  async expectLine(
    what: string,
    match: (line: StreamLine, stream: EventStream) => boolean,
    within?: number,
  ): Promise<StreamLine> {
    const limit =
      within === undefined ? this.#patient(this.#context.limits.event) : this.#context.scaled(within)
    const found = await this.#line(match, limit)
    if (found === undefined) return await this.#noLine(what)
    return found
  }

  async expectHeartbeat(
    what: string,
    match: (line: StreamLine, stream: EventStream) => boolean,
    idleMs: number,
  ): Promise<StreamLine> {
    const idle = this.#context.scaled(idleMs)
    const opened = this.#context.now()
    for (;;) {
      // Bytes, not lines: one that never ends keeps a connection from being idle as well.
      const due = Math.max(opened, this.#byteMs) + idle
      const left = due - this.#context.now()
      const found = await this.#line(match, Math.max(0, left))
      if (found !== undefined) return found
      if (left <= 0 || this.ending !== null) return await this.#noLine(what)
      if (due > opened + 2 * idle)
        throw new Inconclusive('out-of-time', 'the stream was not idle for long enough')
    }
  }

  async #line(
    match: (line: StreamLine, stream: EventStream) => boolean,
    withinMs: number,
  ): Promise<StreamLine | undefined> {
    const found = await findLine(this, match, withinMs)
    this.#context.judged(this.ending)
    return found
  }

  /** @throws Severed where it was the link that ended the stream. */
  async #noLine(what: string): Promise<never> {
    this.#severed()
    const none = 'none came'
    const { ending } = this
    return await this.#fall(what, ending === null ? none : `${none}, and ${endedHow(ending, 'the stream')}`)
  }

  async expectGrowth(what: string, from: number, within?: number): Promise<void> {
    const { watch } = this.exchange.stream
    const limit =
      within === undefined ? this.#patient(this.#context.limits.event) : this.#context.scaled(within)
    await watch.until(() => (this.size > from || this.exchange.over ? true : undefined), limit)
    this.#context.judged(this.ending)
    if (this.size > from) return
    this.#severed()
    return await this.#fall(
      what,
      this.ending === null ? 'no byte came' : `no byte came, and ${endedHow(this.ending, 'the stream')}`,
    )
  }

  async barrier(): Promise<StreamEvent> {
    const marker = this.#context.nonce()
    const asked = this.exchange.stream.now()
    await this.#publisher.publish({ data: `streamproof barrier ${marker}` })
    const event = await this.expectEvent('the published event', ({ data }) => data.includes(marker))
    this.exchange.stream.answered(asked)
    return event
  }

  async expectDelivery(): Promise<StreamEvent> {
    if (this.#publisher.available) return this.barrier()
    const already = new Set(this.events)
    return this.expectEvent('an event', (event) => !already.has(event))
  }

  async expectEvents(count: number): Promise<readonly StreamEvent[]> {
    const { watch } = this.exchange.stream
    await watch.until(
      () => (this.events.length >= count || this.ending !== null ? true : undefined),
      this.#patient(this.#context.limits.event),
    )
    this.#context.judged(this.ending)
    if (this.events.length >= count) return this.events
    this.#severed()
    const came = this.events.length === 0 ? 'no event came' : 'fewer came'
    const actual = this.ending === null ? came : `${came}, and ${endedHow(this.ending, 'the stream')}`
    return await this.#fall(count === 1 ? 'an event' : `${count} events`, actual)
  }

  bytesOf(event: StreamEvent): Uint8Array {
    return this.body.slice(event.from, event.to)
  }

  async expectEnd(): Promise<Ending> {
    const ending = await this.exchange.stream.watch.until(
      () => this.ending ?? undefined,
      this.#patient(this.#context.limits.end),
    )
    this.#context.judged(this.ending)
    if (ending !== undefined) return ending
    throw new Violation('the stream to end', 'it stayed open')
  }

  async expectOpen(ms?: number): Promise<void> {
    if (ms === undefined && this.#publisher.available) {
      await this.barrier()
      return
    }
    const limit = ms === undefined ? this.#context.limits.quiet : this.#context.scaled(ms)
    const ending = await this.exchange.stream.watch.until(() => this.ending ?? undefined, limit)
    this.#context.judged(this.ending)
    this.#severed()
    if (ending !== undefined) throw new Violation('the stream to stay open', endedHow(ending, 'it'))
  }

  sendBytes(bytes: Uint8Array): void {
    this.#context.transcript.add('harness', 'bytes', `${bytes.length} bytes behind the request`, bytes)
    this.exchange.stream.write(bytes)
  }

  close(): void {
    this.exchange.stream.finish()
    void this.exchange.stream.close()
  }

  reset(): void {
    this.exchange.stream.reset()
  }

  /** A link that severs is not waited for as long as one that is slow. */
  #patient(ms: number): number {
    const { severs, patience = 1 } = this.route
    return severs ? Math.min(ms, this.#context.limits.reply / 2) : ms * patience
  }

  #body(bytes: Uint8Array, ms: number): void {
    this.#byteMs = ms
    this.#parser.push(bytes, ms)
    for (; this.#told < this.events.length; this.#told += 1) {
      const event = this.events[this.#told] as ParsedEvent
      this.#context.transcript.add('target', 'event', eventInWords(event), this.bytesOf(event))
    }
  }

  #severed(): void {
    if (this.route.severs && this.exchange.stream.ending?.by !== 'harness')
      throw new Severed('the link severed the stream')
  }
}
