import { Inconclusive } from '#model/errors'
import type { ResumePlan, Route, StreamEvent } from '#peers/kit'
import type { SessionContext } from '#peers/session/context'
import type { Publisher } from '#peers/sse/publish'
import { Subscription } from '#peers/sse/subscription'
import type { FaultProxy } from '#proxies/types'
import type { Phase, Reconnection, ResumeRecord } from './compare.ts'
import type { Feed } from './feed.ts'

/** What does not change during a scenario. */
export interface Scenario {
  readonly context: SessionContext
  readonly publisher: Publisher
  readonly plan: ResumePlan
  /** The unfaulted connection that was opened first. */
  readonly witness: Subscription
  readonly feed: Feed
  /** Number of events sent while the client is connected, before each loss. */
  readonly eventsBefore: number
}

/** How far a scenario has come. Every step takes a state and returns the next one; none changes a state. */
export interface ResumeState {
  /** Events sent so far, which is the number of the next one. */
  readonly sent: number
  /** The Last-Event-ID to reconnect with; empty until the client has received an id. */
  readonly cursor: string
  /** The client's open connection; null if it has none. */
  readonly client: Subscription | null
  /** Every connection of the client, the oldest first. */
  readonly connections: readonly Subscription[]
  /** Index of the first of the witness's events that the client must receive; null until that is known. */
  readonly firstDue: number | null
  /** The proxy that the client has to reconnect through; null if it reconnects straight to the target. */
  readonly proxy: FaultProxy | null
  /** How many events the witness had received when each phase ended, in order. */
  readonly phases: readonly (readonly [phase: Phase, witnessed: number])[]
}

export type ConnectedState = ResumeState & { readonly client: Subscription }

export const initialState: ResumeState = {
  sent: 0,
  cursor: '',
  client: null,
  connections: [],
  firstDue: null,
  proxy: null,
  phases: [],
}

/** The events of the scenario, as the witness received them. */
export const witnessed = ({ witness, feed }: Scenario): readonly StreamEvent[] =>
  witness.events.filter((event) => feed.owns(event))

/** Opens a connection of the client, with its cursor if it has one. `awaited`: waits for the response. */
export async function connectClient(
  scenario: Scenario,
  state: ResumeState,
  via: Route | undefined,
  awaited = true,
): Promise<ConnectedState> {
  const { context, publisher } = scenario
  context.transcript.add('harness', 'note', 'the client connects')
  // No event is published while the client connects. A target that sends events by itself may send some: see `disconnected`.
  const firstDue = state.firstDue ?? (publisher.available ? witnessed(scenario).length : null)
  const client = await subscribe(scenario, state, via)
  // Even a severe fault lets the response head pass, but a busy machine needs time for that.
  if (awaited) await client.accepted(context.limits.head * (via?.patience ?? 1))
  return { ...state, client, connections: [...state.connections, client], firstDue }
}

/** Opens a connection like the client's through a proxy without a fault: it shows what the client's would be like. */
export async function controlConnection(
  scenario: Scenario,
  state: ResumeState,
  via: Route,
): Promise<Subscription> {
  scenario.context.transcript.add('proxy', 'note', 'a connection through the proxy, without a fault')
  return (await subscribe(scenario, state, via)).accepted()
}

function subscribe(
  { context }: Scenario,
  { cursor }: ResumeState,
  via: Route | undefined,
): Promise<Subscription> {
  return new Subscription(context, {
    ...(via === undefined ? {} : { via }),
    ...(cursor === '' ? {} : { lastEventId: cursor }),
  }).connect()
}

/** Sends events and waits until the witness has received them. */
export async function send<State extends ResumeState>(
  { feed }: Scenario,
  state: State,
  count: number,
): Promise<State> {
  await feed.next(count, state.sent)
  return { ...state, sent: state.sent + count }
}

/** Sends the events before a loss and waits until the witness and the client have received them. */
export async function sendToBoth(scenario: Scenario, state: ConnectedState): Promise<ConnectedState> {
  const { context, feed, eventsBefore } = scenario
  const events = await feed.next(eventsBefore, state.sent)
  const last = events.at(-1)
  if (last !== undefined) {
    const received = await state.client.find((event) => feed.isSame(event, last), context.limits.event)
    if (received === undefined)
      throw new Inconclusive('no-event', 'the client did not receive the events before its loss')
  }
  return { ...state, sent: state.sent + eventsBefore }
}

/** The client has lost its connection: its cursor stays where it is, and what it misses from now on is due to it. */
export function disconnected(scenario: Scenario, state: ResumeState): ResumeState {
  const { client } = state
  const cursor = client === null || client.lastEventId === '' ? state.cursor : client.lastEventId
  if (cursor !== '')
    return { ...state, client: null, cursor, firstDue: state.firstDue ?? firstReceived(scenario, client) }
  // The client lost its connection before it received an id: it counts as having received what the witness has.
  return {
    ...state,
    client: null,
    cursor: scenario.witness.lastEventId,
    firstDue: witnessed(scenario).length,
  }
}

/** Index of the witness's event that the client received first. */
function firstReceived(scenario: Scenario, client: Subscription | null): number {
  const events = witnessed(scenario)
  const first = client?.events[0]
  const index = first === undefined ? -1 : events.findIndex((event) => scenario.feed.isSame(event, first))
  return index === -1 ? events.length : index
}

/** A phase has ended: what the witness has received by now was sent in it, or in one before. */
export function endPhase<State extends ResumeState>(scenario: Scenario, state: State, phase: Phase): State {
  return { ...state, phases: [...state.phases, [phase, witnessed(scenario).length] as const] }
}

/** The scenario's events up to the marker, as the witness received them. */
export function dueEvents(scenario: Scenario, { phases }: ResumeState): readonly StreamEvent[] {
  return witnessed(scenario).slice(0, phases.at(-1)?.[1])
}

/** What was received so far. */
export function recordOf(scenario: Scenario, state: ResumeState, reconnection: Reconnection): ResumeRecord {
  const { context, feed } = scenario
  const events = dueEvents(scenario, state)
  return {
    witness: events,
    firstDue: state.firstDue ?? 0,
    phases: state.phases,
    connections: state.connections.map((stream) =>
      upToMarker(
        scenario,
        stream.events.filter((event) => feed.owns(event)),
        events,
      ),
    ),
    everything: state.connections.map((stream) => [...stream.events]),
    cursor: state.cursor,
    faults: context.evidence().faults,
    reconnection,
  }
}

/** A target that sends events by itself goes on after the marker: those events are not part of the scenario. */
function upToMarker(
  { feed, publisher }: Scenario,
  events: readonly StreamEvent[],
  due: readonly StreamEvent[],
): readonly StreamEvent[] {
  const marker = due.at(-1)
  if (publisher.available || marker === undefined) return events
  const end = events.findIndex((event) => feed.isSame(event, marker))
  return events.filter(
    (event, index) => end === -1 || index <= end || due.some((other) => feed.isSame(other, event)),
  )
}
