import { setTimeout as pause } from 'node:timers/promises'
import { Inconclusive, Violation } from '#model/errors'
import type { DownLink } from '#peers/faults/link-down'
import { proveFault } from '#peers/faults/prove-fault'
import type { ResumeOutcome, ResumePlan, Route, StreamEvent } from '#peers/kit'
import type { SessionContext } from '#peers/session/context'
import type { Publisher } from '#peers/sse/publish'
import { Subscription } from '#peers/sse/subscription'
import { compareWithWitness, identityOf, isComplete } from './compare.ts'
import type { Identity, Reconnection, ResumeRecord } from './compare.ts'
import { cutStream } from './cut.ts'
import { publishingFeed, tickingFeed } from './feed.ts'
import { beReset, goDown, goSilent, hangUp } from './losses.ts'
import {
  connectClient,
  controlConnection,
  dueEvents,
  endPhase,
  initialState,
  recordOf,
  send,
  witnessed,
} from './state.ts'
import type { ConnectedState, ResumeState, Scenario } from './state.ts'

/** How often a reconnect is tried, and the time between two attempts, in ms. */
const reconnectAttempts = 3
const reconnectPauseMs = 150
/** An event that is sent twice arrives the second time within so many ms of the reconnect; on a quick machine as well. */
const repeatWithinMs = 450

/**
 * One resume scenario, from top to bottom: a witness connects, the client connects, receives events and loses its
 * connection, misses events, and reconnects with the id of the last event that it received while more are sent. The
 * witness is never faulted: what it received is what the client has to receive over all of its connections together.
 * An event that was on its way when the connection was lost counts as missed, and has to be replayed.
 *
 * @throws Violation if the target does not accept the reconnect.
 * @throws Inconclusive `witness-lost`, `ended-idle`, `fault-not-proven`, `publish-failed`, `no-event`, `engine-failed`,
 * `out-of-time`.
 */
export async function runScenario(
  context: SessionContext,
  publisher: Publisher,
  plan: ResumePlan,
): Promise<ResumeOutcome> {
  try {
    const scenario = await connectWitness(context, publisher, plan)
    const lost = await loseConnections(scenario)
    const finished = await reconnectForGood(scenario, lost)
    return await compare(scenario, finished)
  } finally {
    await context.readFaultLogs()
  }
}

async function connectWitness(
  context: SessionContext,
  publisher: Publisher,
  plan: ResumePlan,
): Promise<Scenario> {
  context.transcript.add('harness', 'note', 'the witness connects')
  const witness = await (await new Subscription(context).connect()).accepted()
  const suffix = plan.loss.kind === 'cut' && plan.loss.at === 'in-character' ? ' \u20ac\u{1f600}' : ''
  const dataOf = plan.data ?? ((index: number) => `event ${String(index).padStart(4, '0')}${suffix}`)
  const feed = publisher.available
    ? publishingFeed(context, publisher, witness, dataOf, plan.event)
    : tickingFeed(context, witness)
  return { context, publisher, plan, witness, feed, eventsBefore: Math.max(1, plan.before ?? 2) }
}

/** Connect, send, lose, send: as often as the plan says, with a reconnect in between. Ends without a connection. */
async function loseConnections(scenario: Scenario): Promise<ResumeState> {
  const { plan } = scenario
  let state = initialState
  for (let loss = 1; loss <= (plan.losses ?? 1); loss += 1) {
    if (loss > 1 && !beginsWithConnection(plan.loss))
      ({ state } = await reconnectWhileSending(scenario, state, routeBack(scenario, state)))
    const lost = await lose(scenario, state)
    const away = endPhase(scenario, lost.state, 'before')
    state = endPhase(scenario, await send(scenario, away, plan.gap ?? 3), 'gap')
    await lost.down?.restore()
  }
  return state
}

/** The client connects if it has to, receives events and loses its connection in the way that the plan names. */
async function lose(
  scenario: Scenario,
  state: ResumeState,
): Promise<{ readonly state: ResumeState; readonly down?: DownLink }> {
  const { loss } = scenario.plan
  switch (loss.kind) {
    case 'cut':
      return { state: await cutStream(scenario, state, loss.at) }
    case 'rst':
      return { state: await beReset(scenario, state) }
    case 'black-hole':
      return { state: await goSilent(scenario, state) }
    case 'down':
      return goDown(scenario, state, loss.ms)
    case 'client-fin':
    case 'client-rst':
      return { state: await hangUp(scenario, state, loss.kind) }
  }
}

/** These losses need a new proxy each, and so begin with a new connection. */
function beginsWithConnection({ kind }: ResumePlan['loss']): boolean {
  return kind === 'cut' || kind === 'rst' || kind === 'black-hole'
}

/** Straight to the target, or through the proxy whose link was down. */
function routeBack({ context }: Scenario, { proxy }: ResumeState): Route | undefined {
  return proxy === null ? undefined : context.through(proxy, [])
}

interface Reconnected {
  readonly state: ConnectedState
  readonly reconnection: Reconnection
}

/** The last reconnect, under the fault that the plan names; then the client receives all that it is due. */
async function reconnectForGood(scenario: Scenario, state: ResumeState): Promise<Reconnected> {
  const { context, plan, feed } = scenario
  if (plan.reconnectUnder === undefined) return receiveTheRest(scenario, state, routeBack(scenario, state))
  return proveFault(context, {
    proxy: await context.openProxy(context.endpoint.url),
    async control(via) {
      const control = await controlConnection(scenario, state, via)
      const last = witnessed(scenario).at(-1)
      if (last !== undefined) await control.find((event) => feed.isSame(event, last), context.limits.quiet)
      return control
    },
    fault: plan.reconnectUnder,
    faulted: (via) => receiveTheRest(scenario, state, via),
    // The attempts before it were refused.
    connection: (connections) => connections.at(-1),
  })
}

async function receiveTheRest(
  scenario: Scenario,
  lost: ResumeState,
  via: Route | undefined,
): Promise<Reconnected> {
  const { state, reconnection } = await reconnectWhileSending(scenario, lost, via)
  const sent = await send(scenario, state, scenario.plan.after ?? 2)
  const marked = endPhase(scenario, await send(scenario, sent, 1), 'after')
  await waitForMarker(scenario, marked, reconnection)
  return { state: marked, reconnection }
}

/** The race: events are sent while the client reconnects. */
async function reconnectWhileSending(
  scenario: Scenario,
  lost: ResumeState,
  via: Route | undefined,
): Promise<Reconnected> {
  const [back, sent] = await Promise.allSettled([
    reconnect(scenario, lost, via),
    send(scenario, lost, scenario.plan.race ?? 2),
  ])
  const { state, reconnection } = valueOf(back)
  return { state: endPhase(scenario, { ...state, sent: valueOf(sent).sent }, 'race'), reconnection }
}

/** The client connects with its cursor; a refused attempt is repeated. */
async function reconnect(
  scenario: Scenario,
  lost: ResumeState,
  via: Route | undefined,
): Promise<Reconnected> {
  const { context } = scenario
  for (let attempt = 1; ; attempt += 1) {
    const startedAt = performance.now()
    try {
      const state = await connectClient(scenario, lost, via)
      const ms = performance.now() - startedAt
      context.measure('reconnectMs', Math.round(ms * 100) / 100)
      return { state, reconnection: { attempts: attempt, ms, limitMs: context.limits.head, startedAt } }
    } catch (error) {
      if (!isRefusal(error)) throw error
      if (attempt === reconnectAttempts) throw await refusalOfCursor(scenario, error)
      await pause(context.scaled(reconnectPauseMs))
    }
  }
}

/** A response that refuses the connection. Silence and a lost connection are no refusal: no attempt is repeated for them. */
function isRefusal(error: unknown): error is Error {
  if (error instanceof Inconclusive) return error.reason === 'target-refused'
  return error instanceof Violation && error.actual.startsWith('status ')
}

/** A target that is busy refuses every connection; one that refuses only those with a cursor does not resume. */
async function refusalOfCursor({ context }: Scenario, refusal: Error): Promise<Error> {
  const expected = 'a reconnect with Last-Event-ID to be accepted'
  if (refusal instanceof Violation) return new Violation(expected, refusal.actual, { cause: refusal })
  try {
    await (await new Subscription(context).connect()).accepted()
  } catch {
    return refusal
  }
  return new Violation(expected, 'it is refused, while a connection without Last-Event-ID is accepted', {
    cause: refusal,
  })
}

/** Waits for the last event that was sent; then for what is still missing, and for what may arrive twice. */
async function waitForMarker(
  scenario: Scenario,
  state: ConnectedState,
  reconnection: Reconnection,
): Promise<void> {
  const { context, feed, plan } = scenario
  const { client } = state
  const marker = dueEvents(scenario, state).at(-1)
  if (marker === undefined) return
  await catchUp(context, client, (event) => feed.isSame(event, marker))
  const record = (): ResumeRecord => recordOf(scenario, state, reconnection)
  const identity = identify(record())
  await client.exchange.stream.watch.until(
    () => (isComplete(record(), identity) ? true : undefined),
    context.limits.reply / 2,
  )
  // Where a replay meets live events, an event may arrive twice, and the second time late.
  const waitMs = Math.max(repeatWithinMs, context.limits.quiet)
  if (plan.race !== 0) await pause(Math.max(0, waitMs - (performance.now() - reconnection.startedAt)))
}

/**
 * Waits for the marker. A slow link is waited for as long as it delivers more than heartbeats.
 *
 * @throws Inconclusive `out-of-time`: it still does.
 */
async function catchUp(
  context: SessionContext,
  client: Subscription,
  isMarker: (event: StreamEvent) => boolean,
): Promise<void> {
  const isSlow = (client.route.patience ?? 1) > 1
  const deadline = context.now() + 3 * context.limits.event
  for (;;) {
    const { progress } = client
    const marker = await client.find(isMarker, context.limits.reply)
    if (marker !== undefined || !isSlow || client.progress === progress) return
    if (context.now() > deadline) throw new Inconclusive('out-of-time', 'the slow link was still delivering')
  }
}

/** Compares the client with the witness, if both can be relied on. */
async function compare(scenario: Scenario, { state, reconnection }: Reconnected): Promise<ResumeOutcome> {
  const { context, witness } = scenario
  const { client, connections } = state
  if (witness.ending !== null)
    throw new Inconclusive('witness-lost', 'the unfaulted stream of the witness ended')
  const record = recordOf(scenario, state, reconnection)
  const identity = identify(record)
  if (identity === null)
    throw new Inconclusive('no-event', 'no event of one connection can be recognised on another')
  // If the target ends every stream after a while, a client reconnects for the rest: nothing is lost yet.
  const policy = isComplete(record, identity) ? null : await client.endedByPolicy()
  if (policy !== null) throw policy
  context.judged(client.ending)
  const outcome = compareWithWitness(record, identity)
  await Promise.all([witness, ...connections].map((stream) => stream.exchange.stream.close()))
  return outcome
}

const identify = ({ witness, connections }: ResumeRecord): Identity => identityOf(witness, connections.flat())

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason as Error
  return settled.value
}
