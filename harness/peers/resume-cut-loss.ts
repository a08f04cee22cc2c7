import type { Fault, Link } from '../../proxies/types.ts'
import { cutAfter } from '../../proxies/faults.ts'
import { isSecure } from './context.ts'
import type { Stream } from './event-stream.ts'
import type { CutPlace, StreamEvent } from './kit.ts'
import { engineDoes, unproven } from './link-words.ts'
import { cutOffset, placeNames } from './resume-cut.ts'
import { close, connectVictim, lost, record, rehearsal, truth } from './resume-stage.ts'
import type { Stage } from './resume-stage.ts'

/** What others publish meanwhile, and a digit more in an id, move the place: then it is tried again. */
const cutAttempts = 10

/** Cuts the victim's stream at a place of the bytes that a control showed. */
export async function cut(stage: Stage, place: CutPlace): Promise<void> {
  const { context } = stage
  const link = await context.openLink(context.endpoint('sse').url)
  for (let attempt = 1; ; attempt += 1) {
    const plan = await planCut(stage, link, place)
    await engineDoes(link.setFaults([plan.fault]))
    const { start } = stage
    const victim = await connectVictim(stage, context.through(link, [plan.fault]))
    if (plan.again) {
      await stage.feed.next(stage.before, stage.index)
      stage.index += stage.before
    }
    const { socket } = victim.exchange
    await socket.watch.until(() => socket.remoteEnding ?? undefined, context.limits.event)
    const found = struckAt(victim, plan, isSecure(context.endpoint('sse').url))
    if (found === 'exact' || (found === 'beside' && attempt === cutAttempts)) {
      const proof = plan.fault.prove(victim.trace, plan.control.trace)
      const where = found === 'exact' ? plan.where : 'inside an event, beside the place that was meant'
      record(
        stage,
        plan.fault,
        proof.struck ? { ...proof, says: `the link ended the stream by FIN ${where}` } : proof,
      )
      lost(stage, victim)
      return
    }
    if (attempt === cutAttempts)
      throw unproven('the link did not end the stream inside the event that was meant')
    stage.connections.pop()
    stage.start = start
    await close(victim)
    await engineDoes(link.setFaults([]))
  }
}

interface PlannedCut {
  readonly fault: Fault
  readonly control: Stream
  /** Offset of the cut in its event: bytes of the event that come. */
  readonly into: number
  readonly where: string
  readonly isTarget: (event: StreamEvent) => boolean
  /** The events have to be sent again for the victim; false where they are replayed to it. */
  readonly again: boolean
}

async function planCut(stage: Stage, link: Link, place: CutPlace): Promise<PlannedCut> {
  const { context } = stage
  const again = stage.cursor === ''
  const control = await rehearsal(stage, link)
  const bytesBefore = control.trace.bytesDown
  if (again) await stage.feed.next(stage.before, stage.index)
  const head = truth(stage).at(-1)
  const target =
    head === undefined
      ? undefined
      : await control.find((event) => stage.feed.isSame(event, head), context.limits.event)
  if (target === undefined)
    throw unproven('the control did not show the event that the stream was to be cut in')
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
    fault: cutAfter({ bytes, direction: 'down' }),
    control,
    into: offset - target.from,
    where: secure ? 'before the TLS record of an event was whole' : placeNames[place],
    isTarget: (event) => stage.feed.isSame(event, target),
    again,
  }
}

/** Under TLS: in the middle of what came last, as far as that can be told from what came before. */
function bytesBetween(control: Stream, before: number): number {
  const { arrivals, bytesDown } = control.trace
  const last = Math.min(arrivals.at(-1)?.bytes ?? 0, bytesDown - before || Infinity, 120)
  return bytesDown - Math.ceil(last / 2)
}

function struckAt(victim: Stream, plan: PlannedCut, secure: boolean): 'exact' | 'beside' | 'missed' {
  const ending = victim.exchange.socket.remoteEnding
  if (ending === null || ending.how !== 'fin') return 'missed'
  if (secure) return victim.events.some(plan.isTarget) ? 'missed' : 'exact'
  const into = victim.size - victim.blockFrom
  if (into === plan.into) return 'exact'
  const last = victim.events.at(-1)
  // A CR dispatches by itself: then the LF behind it is what was cut off.
  if (into === 0 && last !== undefined && last.to - last.from === plan.into) return 'exact'
  return into > 0 ? 'beside' : 'missed'
}
