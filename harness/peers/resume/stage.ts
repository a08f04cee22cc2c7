import { Inconclusive } from '#model/errors'
import type { Fault, FaultProxy, Proof } from '#proxies/types'
import type { SessionContext } from '#peers/session/context'
import { Stream } from '#peers/sse/stream'
import { recordFault } from '#peers/faults/record'
import type { Route, StreamEvent } from '#peers/kit'
import type { DownLink } from '#peers/faults/link-down'
import type { Publisher } from '#peers/sse/publish'
import type { Feed } from './feed.ts'

/** What every loss works with. */
export interface Stage {
  readonly context: SessionContext
  readonly publisher: Publisher
  readonly feed: Feed
  readonly witness: Stream
  /** Number of events sent while the client is connected. */
  readonly before: number
  /** The number that the next event has; see `Feed`. */
  index: number
  /** The client's cursor over all its connections; empty until it got an id. */
  cursor: string
  /** The client's connection, where it stands. */
  client: Stream | null
  /** Everything that the client was connected by. */
  readonly connections: Stream[]
  /** Index of the first of the witness's own events (those of the feed) that the client had to get; null until it was connected. */
  start: number | null
  /** The link that the client went through, where it has to come back by it. */
  link: FaultProxy | null
  /** That link is down. */
  down: DownLink | null
  /** Faults on the client's way back, to be proven in the end: each throws where it is not. */
  readonly proofs: (() => void)[]
}

/** The events of the feed, as the witness saw them. */
export const truth = ({ witness, feed }: Stage): readonly StreamEvent[] =>
  witness.events.filter((event) => feed.owns(event))

/** Opens a connection of the client, with its cursor if it has one. It counts even where nothing comes over it. */
export async function connectClient(stage: Stage, via: Route | undefined, awaited = true): Promise<Stream> {
  const { context, publisher, cursor } = stage
  context.transcript.add('harness', 'note', 'the client connects')
  // Nothing is sent meanwhile, where it is us who publish.
  if (publisher.available) stage.start ??= truth(stage).length
  const stream = await Stream.open(context, publisher, {
    ...(via === undefined ? {} : { via }),
    ...(cursor === '' ? {} : { lastEventId: cursor }),
  })
  // However severe the fault, the link lets the opening through: a busy machine takes its time for that.
  if (awaited) await stream.accepted(context.limits.head * (via?.patience ?? 1))
  stage.connections.push(stream)
  stage.client = stream
  return stream
}

/** Sends events and waits until witness and client have them. */
export async function sendBoth(stage: Stage, client: Stream): Promise<void> {
  const seen = await stage.feed.next(stage.before, stage.index)
  stage.index += stage.before
  const last = seen.at(-1)
  if (last === undefined) return
  const got = await client.find((event) => stage.feed.isSame(event, last), stage.context.limits.event)
  if (got === undefined)
    throw new Inconclusive('no-event', 'the client did not see the events before its loss')
}

/** The client has lost its stream: from here its cursor stands, and what it missed counts. */
export function lost(stage: Stage, client: Stream | null): void {
  const { witness } = stage
  stage.client = null
  if (client !== null && client.lastEventId !== '') stage.cursor = client.lastEventId
  if (stage.start === null) {
    const first = client?.events[0]
    const at = first === undefined ? -1 : truth(stage).findIndex((event) => stage.feed.isSame(event, first))
    stage.start = at === -1 ? truth(stage).length : at
  }
  if (stage.cursor !== '') return
  // It was taken away before it got anything: it is as far as the witness was.
  stage.cursor = witness.lastEventId
  stage.start = truth(stage).length
}

/** A connection through the link without a fault, which shows what the client's would be like. */
export async function rehearsal(stage: Stage, link: FaultProxy): Promise<Stream> {
  const { context, publisher, cursor } = stage
  context.transcript.add('proxy', 'note', 'a connection through the proxy, without a fault')
  const control = await Stream.open(context, publisher, {
    via: context.through(link, []),
    ...(cursor === '' ? {} : { lastEventId: cursor }),
  })
  return control.accepted()
}

export function record(stage: Stage, link: FaultProxy, fault: Fault, proof: Proof): void {
  // The number of bytes differs from run to run: it follows the target's head and ids.
  const steady = Object.fromEntries(Object.entries(fault.settings).filter(([key]) => key !== 'bytes'))
  recordFault(stage.context, link, fault, proof, steady)
}

export async function close(stream: Stream): Promise<void> {
  await stream.exchange.stream.close()
}
