import { Inconclusive } from '#model/errors'
import type { SessionContext } from '#peers/session/context'
import type { Stream } from '#peers/sse/stream'
import type { StreamEvent } from '#peers/kit'
import type { Publisher } from '#peers/sse/publish'

/** Brings about events, and waits until the witness has them. */
export interface Feed {
  /**
   * `count` more events, numbered from `from` (equal numbers give data of equal length), as the witness saw them.
   *
   * @throws Inconclusive `witness-lost`, `no-event` or `publish-failed`.
   */
  next(count: number, from: number): Promise<readonly StreamEvent[]>
  /** True for an event of this feed: others may publish on the same stream meanwhile. */
  owns(event: StreamEvent): boolean
  /** True when two connections saw the same event, as far as that shows without ids that all connections share. */
  isSame(a: StreamEvent, b: StreamEvent): boolean
}

/** Publishes one by one, each behind the answer to the one before, so that their order is known. */
export function publishingFeed(
  context: SessionContext,
  publisher: Publisher,
  witness: Stream,
  dataOf: (index: number) => string,
  name?: string,
): Feed {
  const mark = context.nonce()
  return {
    owns: ({ data }) => data.includes(mark),
    // Each has a nonce of its own.
    isSame: (a, b) => a.type === b.type && a.data === b.data,
    async next(count, from) {
      const nonces = Array.from({ length: count }, () => context.nonce())
      for (const [index, nonce] of nonces.entries()) {
        const data = `${dataOf(from + index)} ${mark} ${nonce}`
        await publisher.publish(name === undefined ? { data } : { data, event: name })
      }
      const found: StreamEvent[] = []
      for (const nonce of nonces) {
        const event = await witness.find(({ data }) => data.includes(nonce), context.limits.event)
        if (event === undefined) throw unseen(witness)
        found.push(event)
      }
      return found
    },
  }
}

/** The target's own events, as they come. */
export function tickingFeed(context: SessionContext, witness: Stream): Feed {
  return {
    owns: () => true,
    isSame: (a, b) => a.type === b.type && a.data === b.data && a.id === b.id,
    async next(count) {
      const from = witness.events.length
      const { watch } = witness.exchange.stream
      const enough = (): true | undefined =>
        witness.events.length >= from + count || witness.ending !== null ? true : undefined
      await watch.until(enough, context.limits.event * Math.max(1, count))
      if (witness.events.length < from + count) throw unseen(witness)
      return witness.events.slice(from, from + count)
    },
  }
}

function unseen(witness: Stream): Inconclusive {
  return witness.ending === null
    ? new Inconclusive('no-event', 'the witness did not see the events that its truth is made of')
    : new Inconclusive('witness-lost', 'the unfaulted stream that carries the truth ended')
}
