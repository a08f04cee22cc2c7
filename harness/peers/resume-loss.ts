import net from 'node:net'
import { Inconclusive } from '../check/errors.ts'
import type { Fault, Link, Proof } from '../../proxies/types.ts'
import { blackHole, cutAfter, resetPeer } from '../../proxies/faults.ts'
import { isSecure } from './context.ts'
import type { SessionContext } from './context.ts'
import { Stream } from './event-stream.ts'
import type { CutPlace, ResumePlan, Route, StreamEvent } from './kit.ts'
import { engineDoes, unproven } from './link-words.ts'
import type { Publisher } from './publish.ts'
import { cutOffset, placeNames } from './resume-cut.ts'
import type { Feed } from './resume-feed.ts'
import { Severed } from './severed.ts'

/** What every loss works with. */
export interface Stage {
  readonly context: SessionContext
  readonly publisher: Publisher
  readonly feed: Feed
  readonly witness: Stream
  /** Number of events sent while the victim is connected. */
  readonly before: number
  /** The number that the next event has; see `Feed`. */
  index: number
  /** The victim's cursor over all its connections; empty until it got an id. */
  cursor: string
  /** The victim's connection, where it stands. */
  victim: Stream | null
  /** Everything that the victim was connected by. */
  readonly connections: Stream[]
  /** Index of the first of the witness's own events (those of the feed) that the victim had to get; null until it was connected. */
  start: number | null
  /** The link that the victim went through, where it has to come back by it. */
  link: Link | null
  /** Faults on the victim's way back, to be proven in the end: each throws where it is not. */
  readonly proofs: (() => void)[]
}

/** The events of the feed, as the witness saw them. */
export const truth = ({ witness, feed }: Stage): readonly StreamEvent[] =>
  witness.events.filter((event) => feed.owns(event))

export type Loss = ResumePlan['loss']

/** Connects the victim where that is needed, sends events, and takes its stream away. */
export async function lose(stage: Stage, loss: Loss): Promise<void> {
  switch (loss.kind) {
    case 'cut':
      await cut(stage, loss.at)
      break
    case 'rst':
      await reset(stage, resetPeer({ afterMs: 30, direction: 'down' }))
      break
    case 'black-hole':
      await silence(stage, blackHole({ direction: 'down' }))
      break
    case 'down':
      await goDown(stage)
      break
    case 'client-fin':
    case 'client-rst':
      await hangUp(stage, loss.kind)
      break
  }
}

/** Opens a connection of the victim, with its cursor if it has one. It counts even where nothing comes over it. */
export async function connectVictim(stage: Stage, via: Route | undefined, awaited = true): Promise<Stream> {
  const { context, publisher, cursor } = stage
  context.transcript.add('us', 'note', 'the victim connects')
  // Nothing is sent meanwhile, where it is us who publish.
  if (publisher.available) stage.start ??= truth(stage).length
  const stream = await Stream.open(context, publisher, {
    ...(via === undefined ? {} : { via }),
    ...(cursor === '' ? {} : { lastEventId: cursor }),
  })
  if (awaited) await stream.accepted()
  stage.connections.push(stream)
  stage.victim = stream
  return stream
}

/** Sends events and waits until witness and victim have them. */
async function sendBoth(stage: Stage, victim: Stream): Promise<void> {
  const seen = await stage.feed.next(stage.before, stage.index)
  stage.index += stage.before
  const last = seen.at(-1)
  if (last === undefined) return
  const got = await victim.find((event) => stage.feed.isSame(event, last), stage.context.limits.event)
  if (got === undefined)
    throw new Inconclusive('no-event', 'the victim did not see the events before its loss')
}

/** The victim has lost its stream: from here its cursor stands, and what it missed counts. */
function lost(stage: Stage, victim: Stream | null): void {
  const { witness } = stage
  stage.victim = null
  if (victim !== null && victim.lastEventId !== '') stage.cursor = victim.lastEventId
  if (stage.start === null) {
    const first = victim?.events[0]
    const at = first === undefined ? -1 : truth(stage).findIndex((event) => stage.feed.isSame(event, first))
    stage.start = at === -1 ? truth(stage).length : at
  }
  if (stage.cursor !== '') return
  // It was taken away before it got anything: it is as far as the witness was.
  stage.cursor = witness.lastEventId
  stage.start = truth(stage).length
}

async function hangUp(stage: Stage, kind: 'client-fin' | 'client-rst'): Promise<void> {
  const victim = stage.victim ?? (await connectVictim(stage, undefined))
  await sendBoth(stage, victim)
  if (kind === 'client-rst') victim.reset()
  else victim.close()
  await victim.exchange.socket.close()
  lost(stage, victim)
}

async function goDown(stage: Stage): Promise<void> {
  const { context } = stage
  const link = stage.link ?? (await context.openLink(context.endpoint('sse').url))
  stage.link = link
  const victim = stage.victim ?? (await connectVictim(stage, { ...context.through(link, []), severs: true }))
  await sendBoth(stage, victim)
  context.transcript.add('link', 'note', 'the link goes down')
  await engineDoes(link.setEnabled(false))
  const { socket } = victim.exchange
  await socket.watch.until(() => socket.remoteEnding ?? undefined, context.limits.end)
  if (socket.remoteEnding === null) throw unproven('the link did not end the stream when it went down')
  if (!(await isRefused(link, context.limits.connect)))
    throw unproven('the link took a connection while it was down')
  lost(stage, victim)
}

/** The link is up again. */
export async function comeUp(stage: Stage, ms: number): Promise<void> {
  const { link, context } = stage
  if (link === null) return
  context.transcript.add('link', 'note', 'the link comes up again')
  await engineDoes(link.setEnabled(true))
  context.addFault({
    name: 'link-down',
    direction: 'both',
    settings: { ms },
    proof: 'the link ended the stream, and refused connections until it came up again',
  })
}

function isRefused(link: Link, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: link.host, port: link.port, timeout: withinMs })
    const settle = (refused: boolean): void => {
      socket.destroy()
      resolve(refused)
    }
    socket
      .once('connect', () => settle(false))
      .once('timeout', () => settle(false))
      .on('error', () => settle(true))
  })
}

/** The connection stands, but from some event on nothing comes any more. It is left half-open. */
async function silence(stage: Stage, fault: Fault): Promise<void> {
  const { context, witness } = stage
  const link = await context.openLink(context.endpoint('sse').url)
  const victim = await connectVictim(stage, { ...context.through(link, []), severs: true })
  await sendBoth(stage, victim)
  await engineDoes(link.setFaults([fault]))
  const { bytesDown } = victim.trace
  await stage.feed.next(1, stage.index)
  stage.index += 1
  const { socket } = victim.exchange
  const stirs = (): true | undefined =>
    victim.trace.bytesDown > bytesDown || socket.ending !== null ? true : undefined
  const stirred = await socket.watch.until(stirs, context.limits.quiet)
  if (stirred === true) throw unproven('the link did not silence the stream')
  socket.gaveUp()
  const says = 'no further byte came and the connection stayed open, while the witness got what was sent'
  record(stage, fault, {
    struck: true,
    says,
    figures: { bytes: bytesDown, witnessBytes: witness.trace.bytesDown },
  })
  lost(stage, victim)
}

/**
 * A RST. A Toxiproxy sends one only where it was told before the connection opened, and drops the first bytes that
 * come down: so the victim is taken away before it got anything, although the target has begun to serve it.
 */
async function reset(stage: Stage, fault: Fault): Promise<void> {
  const { context } = stage
  const link = await context.openLink(context.endpoint('sse').url)
  const control = await rehearsal(stage, link)
  await close(control)
  await engineDoes(link.setFaults([fault]))
  const route = context.through(link, [fault])
  const victim = await connectVictim(stage, route, false).catch((error: unknown) => {
    // Under TLS not even the handshake comes through.
    if (error instanceof Severed) return null
    throw error
  })
  await stage.feed.next(stage.before, stage.index)
  stage.index += stage.before
  const socket = context.socketsOn(route)[0]
  if (socket === undefined) throw unproven('the link took no connection')
  await socket.watch.until(() => socket.remoteEnding ?? undefined, context.limits.end)
  record(stage, fault, fault.prove(socket.trace, control.trace))
  lost(stage, victim)
}

/** A connection through the link without a fault, which shows what the victim's would be like. */
async function rehearsal(stage: Stage, link: Link): Promise<Stream> {
  const { context, publisher, cursor } = stage
  context.transcript.add('link', 'note', 'a connection through the proxy, without a fault')
  const control = await Stream.open(context, publisher, {
    via: context.through(link, []),
    ...(cursor === '' ? {} : { lastEventId: cursor }),
  })
  return control.accepted()
}

/** What others publish meanwhile, and a digit more in an id, move the place: then it is tried again. */
const cutAttempts = 10

/** Cuts the victim's stream at a place of the bytes that a control showed. */
async function cut(stage: Stage, place: CutPlace): Promise<void> {
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

function record(stage: Stage, fault: Fault, proof: Proof): void {
  if (!proof.struck) throw unproven(proof.says)
  const { name, direction, settings } = fault
  // The number of bytes differs from run to run: it follows the target's head and ids.
  const steady = Object.fromEntries(Object.entries(settings).filter(([key]) => key !== 'bytes'))
  stage.context.addFault({ name, direction, settings: steady, proof: proof.says })
  for (const [key, value] of Object.entries(proof.figures)) stage.context.measure(`${name}.${key}`, value)
}

async function close(stream: Stream): Promise<void> {
  await stream.exchange.socket.close()
}
