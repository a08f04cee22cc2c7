import { setTimeout as pause } from 'node:timers/promises'
import { Inconclusive, Violation } from '#model/errors'
import type { SessionContext } from '#peers/session/context'
import { Stream } from '#peers/sse/stream'
import { recordFault } from '#peers/faults/record'
import type { ResumePlan, ResumeOutcome, Route, StreamEvent } from '#peers/kit'
import type { Publisher } from '#peers/sse/publish'
import { publishingFeed, tickingFeed } from './feed.ts'
import { engineDoes } from '#peers/faults/link-words'
import { lose } from './loss.ts'
import { connectClient, truth } from './stage.ts'
import type { Stage } from './stage.ts'
import { identityOf, isComplete, compareWithWitness } from './outcome.ts'
import type { Identity, Phase, ResumeRecord } from './outcome.ts'
import { progressOf } from '#peers/sse/search'

/** A client's return that is refused is tried again this often in all, this long apart (ms). */
const comebackAttempts = 3
const comebackPauseMs = 150
/** From the client's return: an event that comes twice has come by then. Not shorter on a quick machine. */
const latestTwiceMs = 450

/**
 * A witness watches, unfaulted, from before the first event. The client connects, loses its stream, and comes back
 * with the last id that it dispatched; events are sent before, meanwhile, during and after. What the witness saw is
 * what the client had to see over all its connections together. An event that was on its way when the stream was lost
 * counts as one to be replayed.
 *
 * @throws Violation when the target does not take the client back.
 * @throws Inconclusive `witness-lost`, `ended-idle`, `fault-not-proven`, `publish-failed`, `no-event`, `engine-failed`.
 */
export async function runResume(
  context: SessionContext,
  publisher: Publisher,
  plan: ResumePlan,
): Promise<ResumeOutcome> {
  try {
    return await play(context, publisher, plan)
  } finally {
    await context.readLogs()
  }
}

async function play(context: SessionContext, publisher: Publisher, plan: ResumePlan): Promise<ResumeOutcome> {
  const stage = await openStage(context, publisher, plan)
  const phases: [Phase, number][] = []
  const ended = (phase: Phase): unknown => phases.push([phase, truth(stage).length])
  const send = async (count: number): Promise<void> => {
    await stage.feed.next(count, stage.index)
    stage.index += count
  }
  let comeback: Comeback = { attempts: 1, ms: 0, at: 0 }
  const losses = plan.losses ?? 1
  for (let loss = 1; loss <= losses; loss += 1) {
    await lose(stage, plan.loss)
    ended('before')
    await send(plan.gap ?? 3)
    ended('gap')
    await stage.down?.comeUp()
    stage.down = null
    const lostBeforeItIsBack =
      plan.loss.kind === 'cut' || plan.loss.kind === 'rst' || plan.loss.kind === 'black-hole'
    if (loss < losses && lostBeforeItIsBack) continue
    const returned = await Promise.allSettled([comeBack(stage, plan), send(plan.race ?? 2)])
    comeback = valueOf(returned[0])
    valueOf(returned[1])
    ended('race')
  }
  await send(plan.after ?? 2)
  await send(1)
  ended('after')
  return conclude(stage, phases, comeback, plan.race !== 0)
}

async function openStage(context: SessionContext, publisher: Publisher, plan: ResumePlan): Promise<Stage> {
  context.transcript.add('harness', 'note', 'the witness connects')
  const witness = await (await Stream.open(context, publisher)).accepted()
  const dataOf =
    plan.data ?? ((index: number) => `event ${String(index).padStart(4, '0')}${characters(plan)}`)
  return {
    context,
    publisher,
    feed: publisher.available
      ? publishingFeed(context, publisher, witness, dataOf, plan.event)
      : tickingFeed(context, witness),
    witness,
    before: Math.max(1, plan.before ?? 2),
    index: 0,
    cursor: '',
    client: null,
    connections: [],
    start: null,
    link: null,
    down: null,
    proofs: [],
  }
}

const characters = (plan: ResumePlan): string =>
  plan.loss.kind === 'cut' && plan.loss.at === 'in-character' ? ' \u20ac\u{1f600}' : ''

interface Comeback {
  readonly attempts: number
  /** From the connection to the head of the answer. */
  readonly ms: number
  /** When the attempt that succeeded began. */
  readonly at: number
}

/** The client comes back with its cursor. */
async function comeBack(stage: Stage, plan: ResumePlan): Promise<Comeback> {
  const { context } = stage
  const { route, prove } = await wayBack(stage, plan)
  for (let attempt = 1; ; attempt += 1) {
    const asked = performance.now()
    try {
      await connectClient(stage, route)
      const ms = performance.now() - asked
      context.measure('reconnectMs', Math.round(ms * 100) / 100)
      stage.proofs.push(prove)
      return { attempts: attempt, ms, at: asked }
    } catch (error) {
      if (!isRefusal(error)) throw error
      if (attempt === comebackAttempts) throw await refusedFor(stage, error)
      await pause(context.scaled(comebackPauseMs))
    }
  }
}

/** An answer that refuses. Silence and a lost connection are no refusal: they are judged at once. */
function isRefusal(error: unknown): error is Error {
  if (error instanceof Inconclusive) return error.reason === 'target-refused'
  return error instanceof Violation && error.actual.startsWith('status ')
}

/** A target that has room, but not for a client with a cursor, is not busy. */
async function refusedFor(stage: Stage, refusal: Error): Promise<Error> {
  const expected = 'a reconnect with Last-Event-ID to be accepted'
  if (refusal instanceof Violation) return new Violation(expected, refusal.actual, { cause: refusal })
  const { context, publisher } = stage
  try {
    await (await Stream.open(context, publisher)).accepted()
  } catch {
    return refusal
  }
  return new Violation(expected, 'it is refused, while a connection without Last-Event-ID is accepted', {
    cause: refusal,
  })
}

interface WayBack {
  readonly route: Route | undefined
  readonly prove: () => void
}

/** Straight to the target; by its link where that was down; or by a link under the fault that the plan names. */
async function wayBack(stage: Stage, plan: ResumePlan): Promise<WayBack> {
  const { context, publisher, cursor } = stage
  const fault = plan.reconnectUnder
  if (fault === undefined) {
    return {
      route: stage.link === null ? undefined : context.through(stage.link, []),
      prove: () => undefined,
    }
  }
  const link = await context.openLink(context.endpoint('sse').url)
  context.transcript.add('proxy', 'note', 'the same reconnect through the proxy, without a fault')
  const control = await Stream.open(context, publisher, {
    via: context.through(link, []),
    ...(cursor === '' ? {} : { lastEventId: cursor }),
  })
  await control.accepted()
  const head = truth(stage).at(-1)
  if (head !== undefined) await control.find((event) => stage.feed.isSame(event, head), context.limits.quiet)
  await control.exchange.stream.close()
  await engineDoes(link.setFaults([fault]))
  return {
    route: context.through(link, [fault]),
    prove() {
      const client = stage.client
      if (client === null) return
      recordFault(context, link, fault, fault.prove(client.trace, control.trace))
    },
  }
}

/** The last event is the end marker: both must have seen it, and what is then missing gets a last chance. */
async function conclude(
  stage: Stage,
  phases: readonly (readonly [Phase, number])[],
  { at, attempts, ms }: Comeback,
  raced: boolean,
): Promise<ResumeOutcome> {
  const { context, witness, connections, client } = stage
  const upTo = truth(stage).slice(0, phases.at(-1)?.[1])
  const marker = upTo.at(-1)
  const own = (events: readonly StreamEvent[]): StreamEvent[] =>
    toldApart(
      events.filter((event) => stage.feed.owns(event)),
      upTo,
      stage,
    )
  const recordNow = (): ResumeRecord => ({
    witness: upTo,
    start: stage.start ?? 0,
    phases,
    connections: connections.map(({ events }) => own(events)),
    everything: connections.map(({ events }) => [...events]),
    cursor: stage.cursor,
    faults: context.evidence().faults,
    comeback: { attempts, ms, limitMs: context.limits.head },
  })
  const identify = (): Identity => identityOf(upTo, recordNow().connections.flat())
  if (client !== null && marker !== undefined) {
    await catchUp(context, client, (event) => stage.feed.isSame(event, marker))
    const identity = identify()
    const whole = (): true | undefined => (isComplete(recordNow(), identity) ? true : undefined)
    await client.exchange.stream.watch.until(whole, context.limits.reply / 2)
    // What comes twice may come late: a replay that meets live events is given time for its mistakes.
    const lateMs = Math.max(latestTwiceMs, context.limits.quiet)
    if (raced) await pause(Math.max(0, lateMs - (performance.now() - at)))
  }
  for (const prove of stage.proofs) prove()
  if (witness.ending !== null)
    throw new Inconclusive('witness-lost', 'the unfaulted stream that carries the truth ended')
  const identity = identify()
  if (identity === null)
    throw new Inconclusive('no-event', 'the events of two connections cannot be told to be the same')
  // A client whose stream ends comes back for the rest, again and again.
  const policy = isComplete(recordNow(), identity) ? null : await client?.endedByPolicy()
  if (policy != null) throw policy
  context.judged(client?.ending ?? null)
  const outcome = compareWithWitness(recordNow(), identity)
  await Promise.all([witness, ...connections].map((stream) => stream.exchange.stream.close()))
  return outcome
}

/** A target that ticks by itself goes on behind the marker: there, only what the outcome knows is part of it. */
function toldApart(
  events: StreamEvent[],
  upTo: readonly StreamEvent[],
  { feed, publisher }: Stage,
): StreamEvent[] {
  const marker = upTo.at(-1)
  if (publisher.available || marker === undefined) return events
  const end = events.findIndex((event) => feed.isSame(event, marker))
  return events.filter(
    (event, index) => end === -1 || index <= end || upTo.some((known) => feed.isSame(known, event)),
  )
}

/**
 * Until the marker has come. A link that we made slow is waited for as long as it delivers what is no heartbeat.
 *
 * @throws Inconclusive `out-of-time`: it still did.
 */
async function catchUp(
  context: SessionContext,
  client: Stream,
  isMarker: (event: StreamEvent) => boolean,
): Promise<void> {
  const slow = (client.route.patience ?? 1) > 1
  const deadline = context.now() + 3 * context.limits.event
  for (;;) {
    const progress = progressOf(client)
    const marker = await client.find(isMarker, context.limits.reply)
    if (marker !== undefined || !slow || progressOf(client) === progress) return
    if (context.now() > deadline) throw new Inconclusive('out-of-time', 'the slow link was still delivering')
  }
}

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason as Error
  return settled.value
}
