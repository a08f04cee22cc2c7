import { Inconclusive } from '#model/errors'
import type { StreamEvent } from '#peers/kit'
import type { SessionContext } from '#peers/session/context'
import type { Publisher } from '#peers/sse/publish'
import type { Subscription } from '#peers/sse/subscription'

/** Where the events of a scenario come from. */
export interface Feed {
  /**
   * Sends `count` more events, numbered from `from`, and waits until the witness has received them. Equal numbers give
   * data of equal length.
   *
   * @returns the events as the witness received them.
   * @throws Inconclusive `witness-lost`, `no-event` or `publish-failed`.
   */
  next(count: number, from: number): Promise<readonly StreamEvent[]>
  /** True for an event of this feed: others may publish on the same stream at the same time. */
  owns(event: StreamEvent): boolean
  /** True if two connections received the same event, as far as that shows without ids that they share. */
  isSame(a: StreamEvent, b: StreamEvent): boolean
}

/** Publishes one event after the other; each waits for the response to the one before, so that their order is known. */
export function publishingFeed(
  context: SessionContext,
  publisher: Publisher,
  witness: Subscription,
  dataOf: (index: number) => string,
  name?: string,
): Feed {
  const mark = context.nonce()
  return {
    owns: ({ data }) => data.includes(mark),
    // The nonce in its data makes every event different.
    isSame: (a, b) => a.type === b.type && a.data === b.data,
    async next(count, from) {
      const nonces = Array.from({ length: count }, () => context.nonce())
      for (const [index, nonce] of nonces.entries()) {
        const data = `${dataOf(from + index)} ${mark} ${nonce}`
        await publisher.publish(name === undefined ? { data } : { data, event: name })
      }
      const received: StreamEvent[] = []
      for (const nonce of nonces) {
        const event = await witness.find(({ data }) => data.includes(nonce), context.limits.event)
        if (event === undefined) throw notWitnessed(witness)
        received.push(event)
      }
      return received
    },
  }
}

/** Waits for events that the target sends by itself. */
export function tickingFeed(context: SessionContext, witness: Subscription): Feed {
  return {
    owns: () => true,
    isSame: (a, b) => a.type === b.type && a.data === b.data && a.id === b.id,
    async next(count) {
      const from = witness.events.length
      const { watch } = witness.exchange.stream
      const enough = (): true | undefined =>
        witness.events.length >= from + count || witness.ending !== null ? true : undefined
      await watch.until(enough, context.limits.event * Math.max(1, count))
      if (witness.events.length < from + count) throw notWitnessed(witness)
      return witness.events.slice(from, from + count)
    },
  }
}

function notWitnessed(witness: Subscription): Inconclusive {
  return witness.ending === null
    ? new Inconclusive('no-event', 'the witness did not receive the events that were sent')
    : new Inconclusive('witness-lost', 'the unfaulted stream of the witness ended')
}
