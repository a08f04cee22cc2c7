import { Inconclusive, Violation } from '#model/errors'
import type { CapabilityFinding } from '#model/model'
import type { Endpoint } from '#peers/session/endpoint'
import type { EventStream, Kit, StreamEvent } from '#peers/kit'
import { absent, broken, oneByOne, present } from '#target/discovery/findings'
import type { Both, Findings } from '#target/discovery/findings'
import { mediaType } from '#target/discovery/diagnose'
import type { FindQuestion, Found, ServerQuestions } from '#target/discovery/server'
import { publishFindings, publishTo } from './publishing.ts'
import { laterMs, sharedFinding } from './shared-ids.ts'

/** What is asked of event-stream servers. */
export const sseQuestions: ServerQuestions<Kit> = {
  async open(kit) {
    ;(await kit.subscribe()).close()
  },
  find: supportOf,
  async speaks(kit) {
    await kit.subscribe()
    return true
  },
  firstAnswer: {
    request: 'a request for an event stream',
    redirects: 'credentials are not carried elsewhere',
    async ask(kit) {
      const head = (await kit.request()).expectHead()
      return head.status === 200 && mediaType(head) === 'text/event-stream' ? null : head
    },
  },
}

/** How long streams are listened to, in ms: a heartbeat that is sent less often is not found. */
const listeningMs = 1800

/** What an event-stream server supports: by what two streams receive within the window, and by what is published. */
async function supportOf({
  kit,
  endpoint,
  how,
  timeScale: scale,
  timing,
}: FindQuestion<Kit>): Promise<Found> {
  const first = await kit.subscribe()
  const idle = how === oneByOne ? first : await beside(kit, first)
  const opened = kit.now()
  const listening = pause(listeningMs * Math.max(1, scale))
  const [published, tls, second] = await Promise.all([
    publishFindings(kit, endpoint, first, timing),
    tlsFinding(kit, endpoint),
    pause(laterMs * Math.max(1, scale)).then(() => beside(kit, first)),
  ])
  const apart = kit.now() - opened
  const few = how === oneByOne
  const ready = published.event !== null && !few ? pause(0) : listening
  await ready
  // The second stream has not received what was published before it opened.
  if (published.event !== null && second !== first) await publishTo(kit, [first, second], published.marker)
  if (few && second !== first) await closeAndWait(second)
  const resume = await resumeFinding(kit, endpoint, first, how)
  await listening
  const findings: Findings = {
    ...published.findings,
    'sse.events': eventsFinding(first, published.event, opened),
    'sse.ids': idsFinding(first),
    'sse.shared-ids': sharedFinding(first, second, apart),
    'sse.resume': resume,
    'sse.heartbeat': heartbeatFinding(idle, published.marker),
    'sse.endless': endlessFinding([first, second, idle]),
    'sse.tls': tls,
  }
  for (const stream of [first, second, idle]) stream.close()
  return { findings, broadcasts: false }
}

/** One more stream; where the target refuses it, the one that is open. */
async function beside(kit: Kit, open: EventStream): Promise<EventStream> {
  try {
    return await kit.subscribe()
  } catch (error) {
    if (error instanceof Inconclusive && error.reason === 'target-refused') return open
    throw error
  }
}

/** Closes a stream, and gives the target time to notice. */
async function closeAndWait(stream: EventStream): Promise<void> {
  stream.close()
  await pause(50)
}

/** A check cannot wait for what every stream begins with: a greeting or a replay. */
function eventsFinding(
  stream: EventStream,
  published: StreamEvent | null,
  opened: number,
): CapabilityFinding {
  if (published !== null) return present('events arrive when they are published')
  if (stream.events.some(({ ms }) => ms - opened > 100)) return present('events arrive by themselves')
  if (stream.events.length > 0)
    return absent(
      'events arrive when a stream opens, and none later: --publish-url URL says how to publish one',
    )
  return absent('no event arrived within the discovery window: --publish-url URL says how to publish one')
}

function idsFinding({ events }: EventStream): CapabilityFinding {
  if (events.length === 0) return absent('no event arrived whose id could be seen')
  const known = events.filter(({ id }) => id !== null && id !== '')
  if (known.length === 0) return absent('events arrive without an id')
  return present(known.length === events.length ? 'every event has an id' : 'events have ids')
}

/** Events after the cursor that a resume is judged by: more than one, so that a partial replay is noticed. */
const resumedEvents = 3

/** In the data of the events that are published to be replayed. */
const resumeMarker = 'streamproof-resume'

/**
 * Replays: a connection with the id of a known event receives the events after it. A connection without an id, which is
 * the control, does not receive the same.
 */
async function resumeFinding(
  kit: Kit,
  endpoint: Endpoint,
  seen: EventStream,
  how: Both,
): Promise<CapabilityFinding> {
  const withId = (): StreamEvent[] => seen.events.filter(({ id }) => id !== null && id !== '')
  const cursor = withId()[0]
  if (cursor?.id == null)
    return absent('no event with an id was seen, so that there is nothing to resume from')
  try {
    for (let count = withId().length; endpoint.publish !== null && count <= resumedEvents; count++) {
      const data = `${resumeMarker} ${kit.nonce()}`
      await kit.publish({ data })
      await seen.expectEvent('the published event', (event) => event.data.includes(data))
    }
    const later = withId().slice(1, 1 + resumedEvents)
    const last = later.at(-1)
    if (last === undefined)
      return absent('only one event with an id was seen, so that there is nothing to replay')
    const shown = async (lastEventId?: string): Promise<EventStream> => {
      const stream = await kit.subscribe(lastEventId === undefined ? {} : { lastEventId })
      if (lastEventId !== undefined || how === oneByOne) await came(stream, last)
      if (how === oneByOne) await closeAndWait(stream)
      return stream
    }
    const { id } = cursor
    const [resumed, control] = await how(
      () => shown(id),
      () => shown(),
    )
    // By now a fresh connection has received whatever it gets of the past.
    await pause(50)
    const replayed = later.filter((event) => eventLike(resumed, event) !== undefined)
    const fresh = later.every((event) => eventLike(control, event) !== undefined)
    const skipped = eventLike(resumed, cursor) === undefined && eventLike(control, cursor) !== undefined
    for (const stream of [resumed, control]) stream.close()
    if (replayed.length === 0) {
      return absent('a connection that names a known Last-Event-ID gets none of the events after it')
    }
    if (fresh && !skipped)
      return absent('a connection without Last-Event-ID gets the same past events as one with it')
    return replayed.length === later.length
      ? present(
          'a connection that names a known Last-Event-ID gets the events after it, and a fresh one does not',
        )
      : broken('a connection that names a known Last-Event-ID gets some of the events after it, not all')
  } catch (error) {
    if (!(error instanceof Violation) && !(error instanceof Inconclusive)) throw error
    return broken(`a connection with Last-Event-ID could not be judged: ${error.message}`)
  }
}

function eventLike(stream: EventStream, { type, data, id }: StreamEvent): StreamEvent | undefined {
  return stream.events.find((event) => event.type === type && event.data === data && event.id === id)
}

async function came(stream: EventStream, wanted: StreamEvent): Promise<boolean> {
  try {
    await stream.expectEvent(
      'the replayed event',
      ({ type, data, id }) => type === wanted.type && data === wanted.data && id === wanted.id,
      700,
    )
    return true
  } catch (error) {
    if (error instanceof Violation) return false
    throw error
  }
}

/** Anything that a stream receives, except our own publications (also inside JSON) and what comes with the first bytes. */
function heartbeatFinding({ lines, events, ending }: EventStream, marker: string): CapabilityFinding {
  const [opened] = lines
  const quiet = (ms: number): boolean => opened !== undefined && ms - opened.ms > 100
  if (lines.some(({ kind, ms }) => kind === 'comment' && quiet(ms)))
    return present('comments are sent on an idle stream')
  const pushed = events.filter(
    ({ data, ms }) => !data.includes(marker) && !data.includes(resumeMarker) && quiet(ms),
  )
  if (pushed.length > 0) return present('events are sent by themselves')
  return absent(
    ending === null
      ? 'nothing is sent on an idle stream within the discovery window'
      : 'the stream ends before it is idle',
  )
}

function endlessFinding(streams: readonly EventStream[]): CapabilityFinding {
  return streams.every(({ ending }) => ending?.by !== 'target')
    ? present('streams stay open through the discovery window')
    : absent('a stream ended by itself within the discovery window')
}

async function tlsFinding(kit: Kit, endpoint: Endpoint): Promise<CapabilityFinding> {
  if (endpoint.secureUrl === null)
    return absent('no secure address is known: give an https: URL, or secureUrl.sse in the config file')
  try {
    const stream = await kit.subscribe({ url: endpoint.secureUrl })
    stream.close()
    return present('an event stream opens over TLS')
  } catch (error) {
    if (!(error instanceof Violation) && !(error instanceof Inconclusive)) throw error
    return broken('no event stream opens at the secure address')
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
