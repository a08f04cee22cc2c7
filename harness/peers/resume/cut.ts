import { Inconclusive } from '#model/errors'
import { faultNotProven, proveFault } from '#peers/faults/prove-fault'
import { Severed } from '#peers/faults/severed'
import type { CutPlace, Route, StreamEvent, StreamLine } from '#peers/kit'
import { isSecure } from '#common/url'
import type { Subscription } from '#peers/sse/subscription'
import { cutAfter } from '#proxies/faults'
import type { Fault, FaultProxy, ConnectionTrace } from '#proxies/types'
import { connectClient, controlConnection, disconnected, send, witnessed } from './state.ts'
import type { ConnectedState, ResumeState, Scenario } from './state.ts'

/**
 * Events of other publishers, and an id that grows by a digit, move the place: then the cut is tried again. On a busy
 * stream two attempts use events that the target replays, because no other publisher can move those.
 */
const cutAttempts = 6
const usesReplay = (attempt: number): boolean => attempt === 2 || attempt === 3

/** This attempt did not cut the stream at its place. Another may. */
class MissedCut extends Inconclusive {
  constructor(summary: string) {
    super('fault-not-proven', summary)
  }
}

/**
 * The proxy cuts the client's stream by FIN at a place of an event. A control shows how many bytes come before that
 * place; then the client connects under a fault that lets exactly as many pass.
 *
 * @throws Inconclusive `fault-not-proven`: the event has no such place, or no attempt met it.
 */
export async function cutStream(
  scenario: Scenario,
  before: ResumeState,
  place: CutPlace,
): Promise<ResumeState> {
  const { context } = scenario
  const proxy = await context.openProxy(context.endpoint.url)
  let state = before
  for (let attempt = 1; ; attempt += 1) {
    const start = usesReplay(attempt) ? await sendAhead(scenario, state) : state
    try {
      return await cutOnce(scenario, start, proxy, place, attempt === cutAttempts)
    } catch (error) {
      if (!(error instanceof MissedCut) || attempt === cutAttempts) throw error
    }
    // The next attempt begins where this one did, with other events.
    state = { ...state, sent: start.sent + scenario.eventsBefore }
  }
}

/** Sends the events first: the client then connects with the id before them, and receives them by replay. */
async function sendAhead(scenario: Scenario, before: ResumeState): Promise<ResumeState> {
  const { witness, publisher, eventsBefore } = scenario
  if (before.cursor !== '' || !publisher.available) return before
  const cursor = witness.lastEventId
  const firstDue = witnessed(scenario).length
  const state = await send(scenario, before, eventsBefore)
  return cursor === '' ? state : { ...state, cursor, firstDue }
}

/** @throws MissedCut */
async function cutOnce(
  scenario: Scenario,
  before: ResumeState,
  proxy: FaultProxy,
  place: CutPlace,
  isLast: boolean,
): Promise<ResumeState> {
  const { context, feed } = scenario
  const secure = isSecure(context.endpoint.url)
  const { state } = await proveFault(context, {
    proxy,
    control: (via) => findPlace(scenario, before, via, place),
    fault: ({ bytes }): Fault => {
      // The number of bytes differs from run to run, with the target's head and ids: it is no setting for a report.
      return { ...cutAfter({ bytes, direction: 'server-to-client' }), settings: {} }
    },
    async faulted(via, control) {
      const connected = await connectClient(scenario, before, via).catch((error: unknown) => {
        throw error instanceof Severed ? new MissedCut('the proxy ended the stream before it began') : error
      })
      const { client } = connected
      const events = control.isReplayed ? [] : await feed.next(scenario.eventsBefore, before.sent)
      const event = events.at(-1) ?? control.event
      const isWhole = (): boolean => client.events.some((received) => feed.isSame(received, event))
      await untilCut(scenario, client, isWhole)
      const hit = whereCut(client, control.bytesIntoEvent, isWhole(), secure)
      if (hit === 'missed' || (hit === 'beside' && !isLast)) {
        await client.exchange.stream.close()
        throw new MissedCut('the proxy did not end the stream inside the event that was meant')
      }
      const sent = before.sent + (control.isReplayed ? 0 : scenario.eventsBefore)
      return { state: { ...connected, sent } satisfies ConnectedState, hit }
    },
    prove(fault, { faulted, control, result }) {
      if (result === undefined) return { proven: false, summary: 'the cut missed its place' }
      const proof = fault.prove(faulted, control.trace)
      const where =
        result.hit === 'exact' ? control.where : 'inside an event, beside the place that was meant'
      return proof.proven ? { ...proof, summary: `the proxy ended the stream by FIN ${where}` } : proof
    },
  })
  return disconnected(scenario, state)
}

/** Where to cut, as a connection without a fault showed it. */
interface FoundPlace {
  readonly trace: ConnectionTrace
  /** Bytes from the target, framing included, that come before the place. */
  readonly bytes: number
  /** Bytes of the event that come before the place. */
  readonly bytesIntoEvent: number
  /** The place in words, for the proof. */
  readonly where: string
  /** The event to cut, as the witness received it. */
  readonly event: StreamEvent
  /** The client receives the event by replay; otherwise an event of the same size is sent once it is connected. */
  readonly isReplayed: boolean
}

/** @throws MissedCut if the control does not receive the event; Inconclusive if the event has no such place. */
async function findPlace(
  scenario: Scenario,
  before: ResumeState,
  via: Route,
  place: CutPlace,
): Promise<FoundPlace> {
  const { context, feed } = scenario
  const isReplayed = before.cursor !== ''
  const control = await controlConnection(scenario, before, via)
  const bytesBefore = control.trace.serverToClientBytes
  if (!isReplayed) await feed.next(scenario.eventsBefore, before.sent)
  const event = witnessed(scenario).at(-1)
  const received =
    event === undefined
      ? undefined
      : await control.find((one) => feed.isSame(one, event), context.limits.reply)
  if (event === undefined || received === undefined)
    throw new MissedCut('the control did not receive the event that the stream was to be cut in')

  const secure = isSecure(context.endpoint.url)
  const offset = cutOffset(place, received, control.lines, control.body)
  const plainBytes = offset === null ? null : control.exchange.rawOffset(offset)
  const bytes = secure ? insideLastRecord(control.trace, bytesBefore) : plainBytes
  if (offset === null || bytes === null) throw faultNotProven(`the event has no place ${placeNames[place]}`)
  return {
    trace: control.trace,
    bytes,
    bytesIntoEvent: offset - received.from,
    where: secure ? 'before the TLS record of an event was complete' : placeNames[place],
    event,
    isReplayed,
  }
}

/** With TLS: about the middle of what arrived last, as far as what arrived before shows where it began. */
function insideLastRecord({ arrivals, serverToClientBytes }: ConnectionTrace, bytesBefore: number): number {
  const last = Math.min(arrivals.at(-1)?.bytes ?? 0, serverToClientBytes - bytesBefore || Infinity, 120)
  return serverToClientBytes - Math.ceil(last / 2)
}

async function untilCut({ context }: Scenario, client: Subscription, isWhole: () => boolean): Promise<void> {
  const { stream } = client.exchange
  await stream.watch.until(
    () => (stream.remoteEnding !== null || isWhole() ? true : undefined),
    context.limits.event,
  )
  // A CR dispatches the event before the cut takes its LF away: the end follows.
  await stream.watch.until(() => stream.remoteEnding ?? undefined, context.limits.quiet)
}

function whereCut(
  client: Subscription,
  bytesIntoEvent: number,
  isWhole: boolean,
  secure: boolean,
): 'exact' | 'beside' | 'missed' {
  const ending = client.exchange.stream.remoteEnding
  if (ending === null || ending.how !== 'fin') return 'missed'
  if (secure) return isWhole ? 'missed' : 'exact'
  const received = client.size - client.blockFrom
  if (received === bytesIntoEvent) return 'exact'
  const last = client.events.at(-1)
  // A CR dispatches the event by itself: then the LF after it is what was cut off.
  if (received === 0 && last !== undefined && last.to - last.from === bytesIntoEvent) return 'exact'
  return received > 0 ? 'beside' : 'missed'
}

/** What each place is called in a proof. */
const placeNames: Readonly<Record<CutPlace, string>> = {
  'between-events': 'between two events',
  'in-field-name': 'inside the field name of an event',
  'in-id': 'inside the id of an event',
  'in-data': 'inside the data of an event',
  'in-character': 'inside a character of several bytes in the data of an event',
  'before-blank-line': 'after the last field of an event',
  'in-blank-line': 'inside the empty line that ends an event',
}

/**
 * The offset in the body at which the stream has to end so that it ends at this place of this event. Null if the event
 * has no such place.
 */
function cutOffset(
  place: CutPlace,
  event: StreamEvent,
  lines: readonly StreamLine[],
  body: Uint8Array,
): number | null {
  const block = lines.filter(({ offset }) => offset >= event.from && offset < event.to)
  const field = (name: string): StreamLine | undefined =>
    block.find((line) => line.kind === 'field' && line.name === name)
  const last = block.findLast(({ kind }) => kind !== 'blank')
  switch (place) {
    case 'between-events':
      return event.from
    case 'in-field-name':
      return middleOfName(field('data'))
    case 'in-id':
      return middleOfValue(field('id'))
    case 'in-data':
      return middleOfValue(field('data'))
    case 'in-character':
      return insideCharacter(
        block.filter(({ name }) => name === 'data'),
        body,
      )
    case 'before-blank-line':
      return last === undefined ? null : last.offset + last.bytes.length
    case 'in-blank-line':
      return event.to - 1
  }
}

function middleOfName(line: StreamLine | undefined): number | null {
  return line === undefined ? null : line.offset + Math.ceil(line.name.length / 2)
}

/** Before a value of a single byte. */
function middleOfValue(line: StreamLine | undefined): number | null {
  if (line === undefined) return null
  const length = new TextEncoder().encode(line.value).length
  return line.offset + line.bytes.length - Math.ceil(length / 2)
}

/** After the first byte of the first character that is more than one byte long. */
function insideCharacter(lines: readonly StreamLine[], body: Uint8Array): number | null {
  for (const line of lines) {
    for (let at = line.offset; at < line.offset + line.bytes.length; at += 1) {
      if ((body[at] ?? 0) >= 0xc2) return at + 1
    }
  }
  return null
}
