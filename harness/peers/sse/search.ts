import { Inconclusive } from '#model/errors'
import type { SessionContext } from '#peers/session/context'
import type { Exchange } from '#peers/http/exchange'
import type { EventStream, Route, StreamEvent, StreamLine } from '#peers/kit'

/** A stream with the connection that it comes on. */
interface Searched extends EventStream {
  readonly exchange: Exchange
  readonly route: Route
  /** Bytes of the body so far, kept or not. */
  readonly size: number
}

/** The first event that matches, of those that came and those that come; undefined when none does in time. */
export function findEvent(
  stream: Searched,
  match: (event: StreamEvent) => boolean,
  withinMs: number,
): Promise<StreamEvent | undefined> {
  return first(stream, () => stream.events, match, withinMs)
}

/** The first line that matches, of those that came and those that come; undefined when none does in time. */
export function findLine(
  stream: Searched,
  match: (line: StreamLine, stream: EventStream) => boolean,
  withinMs: number,
): Promise<StreamLine | undefined> {
  return first(
    stream,
    () => stream.lines,
    (line) => match(line, stream),
    withinMs,
  )
}

async function first<T>(
  stream: Searched,
  came: () => readonly T[],
  match: (one: T) => boolean,
  withinMs: number,
): Promise<T | undefined> {
  let looked = 0
  const look = (): T | null | undefined => {
    for (const all = came(); looked < all.length; looked += 1) {
      const one = all[looked]
      if (one !== undefined && match(one)) return one
    }
    return stream.exchange.over || stream.ending !== null ? null : undefined
  }
  return (await stream.exchange.stream.watch.until(look, withinMs)) ?? undefined
}

/**
 * How far what the stream carries has come: it differs from an earlier one when the link has delivered more than
 * heartbeats meanwhile. A link that is behind has no room for heartbeats alone.
 */
export function progressOf({ lines, size }: Searched): string {
  const last = lines.at(-1)
  const ended = last === undefined ? 0 : last.offset + last.bytes.length + (last.end === 'crlf' ? 2 : 1)
  return `${lines.filter(({ kind }) => kind === 'field').length} lines, ${size - ended} bytes`
}

/**
 * An event behind its time. What we made slow is not held against the target: as long as the link delivers what is no
 * heartbeat, it is waited for.
 *
 * @throws Inconclusive `out-of-time`: it still delivers.
 */
export async function findLate(
  context: SessionContext,
  stream: Searched,
  match: (event: StreamEvent) => boolean,
): Promise<StreamEvent | undefined> {
  const { patience = 1, severs } = stream.route
  const deadline = context.now() + context.limits.event
  for (;;) {
    const progress = progressOf(stream)
    if (patience <= 1 || severs) return undefined
    const found = await findEvent(stream, match, context.limits.reply / 2)
    if (found !== undefined || progressOf(stream) === progress) return found
    if (context.now() > deadline) throw new Inconclusive('out-of-time', 'the slow link was still delivering')
  }
}
