import { Inconclusive } from '#model/errors'
import type { Ending } from '#model/model'
import type { Exchange } from '#peers/http/exchange'
import type { Route, StreamEvent, StreamLine } from '#peers/kit'
import type { SessionContext } from '#peers/session/context'

/** What is searched: all that has arrived on a stream so far. */
interface Searched {
  readonly exchange: Exchange
  readonly route: Route
  readonly ending: Ending | null
  readonly events: readonly StreamEvent[]
  readonly lines: readonly StreamLine[]
  /** Bytes of the body so far, including those that are no longer kept. */
  readonly size: number
}

/** The first event that matches, of those that have arrived and those that arrive in time. */
export function findEvent(
  stream: Searched,
  match: (event: StreamEvent) => boolean,
  withinMs: number,
): Promise<StreamEvent | undefined> {
  return find(stream, () => stream.events, match, withinMs)
}

/** The first line that matches, of those that have arrived and those that arrive in time. */
export function findLine(
  stream: Searched,
  match: (line: StreamLine) => boolean,
  withinMs: number,
): Promise<StreamLine | undefined> {
  return find(stream, () => stream.lines, match, withinMs)
}

async function find<Item>(
  stream: Searched,
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
    return stream.exchange.over || stream.ending !== null ? null : undefined
  }
  return (await stream.exchange.stream.watch.until(examine, withinMs)) ?? undefined
}

/**
 * How much of its events a stream has delivered: the text changes if more than heartbeats has arrived. A slow link that
 * still has events to deliver delivers no heartbeats alone.
 */
export function progressOf({ lines, size }: Searched): string {
  const last = lines.at(-1)
  const ended = last === undefined ? 0 : last.offset + last.bytes.length + (last.end === 'crlf' ? 2 : 1)
  return `${lines.filter(({ kind }) => kind === 'field').length} lines, ${size - ended} bytes`
}

/**
 * Waits for an event that is late on a link that we made slow, as long as the link delivers more than heartbeats: the
 * target is not to blame for our fault. Gives up at once on any other link.
 *
 * @throws Inconclusive `out-of-time`: the link is still delivering.
 */
export async function findLate(
  context: SessionContext,
  stream: Searched,
  match: (event: StreamEvent) => boolean,
): Promise<StreamEvent | undefined> {
  const { patience = 1, severs } = stream.route
  if (patience <= 1 || severs) return undefined
  const deadline = context.now() + context.limits.event
  for (;;) {
    const progress = progressOf(stream)
    const found = await findEvent(stream, match, context.limits.reply / 2)
    if (found !== undefined || progressOf(stream) === progress) return found
    if (context.now() > deadline) throw new Inconclusive('out-of-time', 'the slow link was still delivering')
  }
}
