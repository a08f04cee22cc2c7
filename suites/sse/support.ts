import { holdsNonce } from '#peers/kit'
import type { EventStream, HttpAnswer, Kit, RequestOptions, StreamEvent, StreamProblem } from '#peers/kit'

/** What several checks of event streams share: ways to ask, and words for what came. */

/**
 * One request. Where the target has no room just now (429, 503), a subscription says so in the way that lets the
 * run slow down, or opens after all; then the request is sent again.
 */
export async function ask(kit: Kit, options: RequestOptions = {}): Promise<HttpAnswer> {
  const answer = await kit.request(options)
  if (![429, 503].includes(answer.head?.status ?? 0)) return answer
  const stream = await kit.subscribe()
  stream.close()
  return kit.request(options)
}

/** True for a response that a client takes for an event stream. */
export function streams({ head }: HttpAnswer): boolean {
  return head?.status === 200 && essence(head.get('content-type')) === 'text/event-stream'
}

export function essence(type: string | null): string | null {
  return type === null ? null : (type.split(';')[0] ?? '').trim().toLowerCase()
}

/** `status 405`, with the media type where that says more; or that there was no response. */
export function answered({ head, ending }: HttpAnswer): string {
  if (head === null) return ending === null ? 'no response' : 'the connection ended without a response'
  return head.status === 200 ? `status 200, ${shownType(head.get('content-type'))}` : `status ${head.status}`
}

export function shownType(type: string | null): string {
  return type === null ? 'no Content-Type' : `Content-Type ${shown(type)}`
}

/** A text in quotes, cut to a length that a report can bear. `marker` is what differs from run to run. */
export function shown(text: string, marker = ''): string {
  const stable = marker === '' ? text : text.replaceAll(marker, 'MARK')
  return stable.length > 120
    ? `${JSON.stringify(stable.slice(0, 120))}.. (${stable.length} characters)`
    : JSON.stringify(stable)
}

/** Everything of a stream that a check may judge: the event that it published itself, and what came before any. */
export interface Sample {
  readonly stream: EventStream
  readonly event: StreamEvent
  /** Broken rules of the grammar in that part: other events are other checks' business. */
  readonly problems: (rule: StreamProblem['rule']) => readonly StreamProblem[]
}

/**
 * A stream with an event on it: published, with a name, two lines and characters of two, three and four octets,
 * where the contract tells how; else the first that comes by itself.
 */
export async function sample(kit: Kit): Promise<Sample> {
  const stream = await kit.subscribe()
  const event = await someEvent(kit, stream)
  const opening = stream.events[0]?.from ?? 0
  return {
    stream,
    event,
    problems: (rule) =>
      stream.problems.filter(
        (one) =>
          one.rule === rule && (one.offset < opening || (one.offset >= event.from && one.offset < event.to)),
      ),
  }
}

async function someEvent(kit: Kit, stream: EventStream): Promise<StreamEvent> {
  const plan = kit.sse.publish
  if (plan === null) return (await stream.expectEvents(1))[0] as StreamEvent
  const marker = kit.nonce()
  await kit.publish({
    data: `${marker} é€😀\nsecond line`,
    ...(plan.fields.has('event') ? { event: 'streamproof-sample' } : {}),
  })
  return stream.expectEvent('the published event', ({ data }) => data.includes(marker))
}

/** Publishes a payload, with a marker in it, and gives the event that a client is handed. */
export async function roundTrip(
  kit: Kit,
  payload: (marker: string) => string,
): Promise<{ readonly stream: EventStream; readonly event: StreamEvent; readonly marker: string }> {
  const stream = await kit.subscribe()
  const marker = kit.nonce()
  await kit.publish({ data: payload(marker) })
  const event = await stream.expectEvent('the published event', ({ data }) => data.includes(marker))
  return { stream, event, marker }
}

/** Throws the violation unless the payload comes back as `wanted` says. */
export async function expectRoundTrip(
  kit: Kit,
  payload: (marker: string) => string,
  wanted: (marker: string) => string = payload,
): Promise<void> {
  const { event, marker } = await roundTrip(kit, payload)
  kit.expect(
    event.data === wanted(marker),
    `data ${shown(wanted(marker), marker)}`,
    `data ${shown(event.data, marker)}`,
  )
}

/** Whether each of these data, which were published, came once on the stream. What a target says by itself, it may repeat. */
export function cameOnce({ events }: EventStream, published: readonly string[]): boolean {
  const wanted = new Set(published)
  return events.filter(({ data }) => wanted.has(data)).length === published.length
}

/**
 * Everything that this tool publishes has a nonce in it, or a name that begins with its own: such an event is no sign
 * of life.
 */
export function isOurs({ type, data, id }: StreamEvent): boolean {
  return type.startsWith('streamproof') || [type, data, id ?? ''].some(holdsNonce)
}
