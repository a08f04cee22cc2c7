import { Inconclusive, Violation } from '#model/errors'
import type { Ending } from '#model/model'
import { Severed } from '#peers/faults/severed'
import { endedHow } from '#peers/http/exchange'
import type { EventStream, StreamEvent, StreamLine, SubscribeOptions } from '#peers/kit'
import type { SessionContext } from '#peers/session/context'
import type { Publisher } from './publish.ts'
import { Subscription } from './subscription.ts'

type LineMatch = (line: StreamLine, stream: EventStream) => boolean

/** A subscription with the verbs of a check: each waits for something, and throws a Violation if it does not happen. */
export class Stream extends Subscription implements EventStream {
  readonly #publisher: Publisher

  constructor(context: SessionContext, publisher: Publisher, options?: SubscribeOptions) {
    super(context, options)
    this.#publisher = publisher
  }

  async expectEvent(
    what: string,
    match: (event: StreamEvent) => boolean,
    within?: number,
  ): Promise<StreamEvent> {
    const found = (await this.find(match, this.#limit(within))) ?? (await this.#findLate(match))
    this.context.judged(this.ending)
    if (found !== undefined) return found
    // Whether other events arrived depends on who else publishes: the text has to be the same in every run.
    return await this.#missing(what, 'it did not arrive')
  }

  async expectEvents(count: number): Promise<readonly StreamEvent[]> {
    await this.exchange.stream.watch.until(
      () => (this.events.length >= count || this.ending !== null ? true : undefined),
      this.#limit(),
    )
    this.context.judged(this.ending)
    if (this.events.length >= count) return this.events
    return await this.#missing(
      count === 1 ? 'an event' : `${count} events`,
      this.events.length === 0 ? 'no event arrived' : 'fewer arrived',
    )
  }

  async expectLine(what: string, match: LineMatch, within?: number): Promise<StreamLine> {
    return (await this.#line(match, this.#limit(within))) ?? (await this.#missing(what, 'none arrived'))
  }

  async expectHeartbeat(what: string, match: LineMatch, idleMs: number): Promise<StreamLine> {
    const idle = this.context.scaled(idleMs)
    const opened = this.context.now()
    for (;;) {
      // Bytes, not lines: a line that never ends also keeps a connection from being idle.
      const due = Math.max(opened, this.lastByteMs) + idle
      const left = due - this.context.now()
      const found = await this.#line(match, Math.max(0, left))
      if (found !== undefined) return found
      if (left <= 0 || this.ending !== null) return await this.#missing(what, 'none arrived')
      if (due > opened + 2 * idle)
        throw new Inconclusive('out-of-time', 'the stream was not idle for long enough')
    }
  }

  async expectGrowth(what: string, from: number, within?: number): Promise<void> {
    await this.exchange.stream.watch.until(
      () => (this.size > from || this.exchange.over ? true : undefined),
      this.#limit(within),
    )
    this.context.judged(this.ending)
    if (this.size <= from) await this.#missing(what, 'no byte arrived')
  }

  async barrier(): Promise<StreamEvent> {
    const marker = this.context.nonce()
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

  async expectOpen(ms?: number): Promise<void> {
    if (ms === undefined && this.#publisher.available) {
      await this.barrier()
      return
    }
    const limit = ms === undefined ? this.context.limits.quiet : this.context.scaled(ms)
    const ending = await this.#endWithin(limit)
    this.#throwIfSevered()
    if (ending !== undefined) throw new Violation('the stream to stay open', endedHow(ending, 'it'))
  }

  async expectEnd(): Promise<Ending> {
    const ending = await this.#endWithin(this.patient(this.context.limits.end))
    if (ending !== undefined) return ending
    throw new Violation('the stream to end', 'it stayed open')
  }

  bytesOf(event: StreamEvent): Uint8Array {
    return this.body.slice(event.from, event.to)
  }

  sendBytes(bytes: Uint8Array): void {
    this.context.transcript.add('harness', 'bytes', `${bytes.length} bytes after the request`, bytes)
    this.exchange.stream.write(bytes)
  }

  #limit(within?: number): number {
    return within === undefined ? this.patient(this.context.limits.event) : this.context.scaled(within)
  }

  async #line(match: LineMatch, withinMs: number): Promise<StreamLine | undefined> {
    const found = await this.findLine((line) => match(line, this), withinMs)
    this.context.judged(this.ending)
    return found
  }

  /**
   * Waits for an event that is late on a link that we made slow, as long as the link delivers more than heartbeats: the
   * target is not to blame for our fault. Does not wait on any other link.
   *
   * @throws Inconclusive `out-of-time`: the link is still delivering.
   */
  async #findLate(match: (event: StreamEvent) => boolean): Promise<StreamEvent | undefined> {
    const { patience = 1, severs } = this.route
    if (patience <= 1 || severs) return undefined
    const deadline = this.context.now() + this.context.limits.event
    for (;;) {
      const { progress } = this
      const found = await this.find(match, this.context.limits.reply / 2)
      if (found !== undefined || this.progress === progress) return found
      if (this.context.now() > deadline)
        throw new Inconclusive('out-of-time', 'the slow link was still delivering')
    }
  }

  async #endWithin(ms: number): Promise<Ending | undefined> {
    const ending = await this.exchange.stream.watch.until(() => this.ending ?? undefined, ms)
    this.context.judged(this.ending)
    return ending
  }

  /**
   * @throws Severed if the proxy ended the stream; Inconclusive if the target ends every stream after a while; else the
   * Violation.
   */
  async #missing(expected: string, actual: string): Promise<never> {
    this.#throwIfSevered()
    const { ending } = this
    const all = ending === null ? actual : `${actual}, and ${endedHow(ending, 'the stream')}`
    throw (await this.endedByPolicy()) ?? new Violation(expected, all)
  }

  #throwIfSevered(): void {
    if (this.route.severs && this.exchange.stream.ending?.by !== 'harness')
      throw new Severed('the proxy ended the stream')
  }
}
