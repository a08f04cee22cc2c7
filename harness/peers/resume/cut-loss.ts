import type { Fault, FaultProxy } from '#proxies/types'
import { cutAfter } from '#proxies/faults'
import { isSecure } from '#peers/session/context'
import type { Stream } from '#peers/sse/stream'
import type { CutPlace, StreamEvent } from '#peers/kit'
import { engineDoes, unproven } from '#peers/faults/link-words'
import { cutOffset, placeNames } from './cut.ts'
import { close, connectClient, lost, record, rehearsal, truth } from './stage.ts'
import type { Stage } from './stage.ts'

/**
 * What others publish meanwhile, and a digit more in an id, move the place: then it is tried again. On a busy stream
 * it is found in what the target replays, which nobody moves.
 */
const cutAttempts = 6
const isReplayed = (attempt: number): boolean => attempt === 2 || attempt === 3

/** Cuts the client's stream at a place of the bytes that a control showed. */
export async function cut(stage: Stage, place: CutPlace): Promise<void> {
  const { context } = stage
  const link = await context.openLink(context.endpoint('sse').url)
  for (let attempt = 1; ; attempt += 1) {
    const { start, cursor } = stage
    if (isReplayed(attempt)) await sendAhead(stage)
    const last = attempt === cutAttempts
    const plan = await planCut(stage, link, place, last)
    if (plan !== null && (await strike(stage, link, plan, last))) return
    if (last) throw unproven('the link did not end the stream inside the event that was meant')
    stage.start = start
    stage.cursor = cursor
    await engineDoes(link.setFaults([]))
  }
}

/** The client comes late, with the id before these events: it gets them by replay. */
async function sendAhead(stage: Stage): Promise<void> {
  const { witness, feed, publisher } = stage
  if (stage.cursor !== '' || !publisher.available) return
  const { length } = truth(stage)
  const { lastEventId } = witness
  await feed.next(stage.before, stage.index)
  stage.index += stage.before
  if (lastEventId === '') return
  stage.cursor = lastEventId
  stage.start = length
}

/** The client connects under the fault. False where the place was missed. */
async function strike(stage: Stage, link: FaultProxy, plan: PlannedCut, last: boolean): Promise<boolean> {
  const { context, feed } = stage
  await engineDoes(link.setFaults([plan.fault]))
  const client = await connectClient(stage, context.through(link, [plan.fault]))
  let { target } = plan
  if (plan.again) {
    const sent = await feed.next(stage.before, stage.index)
    stage.index += stage.before
    target = sent.at(-1) ?? target
  }
  const { stream } = client.exchange
  const isWhole = (): boolean => client.events.some((event) => feed.isSame(event, target))
  await stream.watch.until(
    () => (stream.remoteEnding !== null || isWhole() ? true : undefined),
    context.limits.event,
  )
  // A CR ends the event before its LF is cut off: the end follows.
  await stream.watch.until(() => stream.remoteEnding ?? undefined, context.limits.quiet)
  const found = struckAt(client, plan, isWhole(), isSecure(context.endpoint('sse').url))
  if (found === 'missed' || (found === 'beside' && !last)) {
    stage.connections.pop()
    await close(client)
    return false
  }
  const proof = plan.fault.prove(client.trace, plan.control.trace)
  const where = found === 'exact' ? plan.where : 'inside an event, beside the place that was meant'
  const summary = `the link ended the stream by FIN ${where}`
  record(stage, link, plan.fault, proof.proven ? { ...proof, summary } : proof)
  lost(stage, client)
  return true
}

interface PlannedCut {
  readonly fault: Fault
  readonly control: Stream
  /** Offset of the cut in its event: bytes of the event that come. */
  readonly into: number
  readonly where: string
  /** The event that is cut, as the witness saw it. */
  readonly target: StreamEvent
  /** The events have to be sent again for the client; false where they are replayed to it. */
  readonly again: boolean
}

/** Null where the control did not show the event; on the last attempt that is told. */
async function planCut(
  stage: Stage,
  link: FaultProxy,
  place: CutPlace,
  last: boolean,
): Promise<PlannedCut | null> {
  const { context } = stage
  const again = stage.cursor === ''
  const control = await rehearsal(stage, link)
  const bytesBefore = control.trace.serverToClientBytes
  if (again) await stage.feed.next(stage.before, stage.index)
  const head = truth(stage).at(-1)
  const target =
    head === undefined
      ? undefined
      : await control.find((event) => stage.feed.isSame(event, head), context.limits.reply)
  if (head === undefined || target === undefined) {
    if (last) throw unproven('the control did not show the event that the stream was to be cut in')
    await close(control)
    return null
  }
  const secure = isSecure(context.endpoint('sse').url)
  const offset = cutOffset(place, target, control.lines, control.body)
  const bytes = secure
    ? bytesBetween(control, bytesBefore)
    : offset === null
      ? null
      : control.exchange.rawOffset(offset)
  await close(control)
  if (offset === null || bytes === null) throw unproven(`the event has no place ${placeNames[place]}`)
  return {
    fault: cutAfter({ bytes, direction: 'server-to-client' }),
    control,
    into: offset - target.from,
    where: secure ? 'before the TLS record of an event was whole' : placeNames[place],
    target: head,
    again,
  }
}

/** Under TLS: in the middle of what came last, as far as that can be told from what came before. */
function bytesBetween(control: Stream, before: number): number {
  const { arrivals, serverToClientBytes } = control.trace
  const last = Math.min(arrivals.at(-1)?.bytes ?? 0, serverToClientBytes - before || Infinity, 120)
  return serverToClientBytes - Math.ceil(last / 2)
}

function struckAt(
  client: Stream,
  plan: PlannedCut,
  isWhole: boolean,
  secure: boolean,
): 'exact' | 'beside' | 'missed' {
  const ending = client.exchange.stream.remoteEnding
  if (ending === null || ending.how !== 'fin') return 'missed'
  if (secure) return isWhole ? 'missed' : 'exact'
  const into = client.size - client.blockFrom
  if (into === plan.into) return 'exact'
  const last = client.events.at(-1)
  // A CR dispatches by itself: then the LF behind it is what was cut off.
  if (into === 0 && last !== undefined && last.to - last.from === plan.into) return 'exact'
  return into > 0 ? 'beside' : 'missed'
}
