import { holdsNonce } from '#peers/kit'
import type { EventStream, HttpAnswer, Kit, RequestOptions, StreamEvent, StreamProblem } from '#peers/kit'

/** Shared by several checks of event streams: requests, samples, and descriptions of a response or text. */

/**
 * Sends one request. If the target is at its limit (429 or 503), subscribes first, which waits until the target
 * accepts connections again and slows the run down, and then repeats the request once.
 */
export async function sendRequest(kit: Kit, options: RequestOptions = {}): Promise<HttpAnswer> {
  const answer = await kit.request(options)
  if (![429, 503].includes(answer.head?.status ?? 0)) return answer
  const stream = await kit.subscribe()
  stream.close()
  return kit.request(options)
}

/** True for a response that a client reads as an event stream. */
export function isEventStream({ head }: HttpAnswer): boolean {
  return head?.status === 200 && mediaTypeOf(head.get('content-type')) === 'text/event-stream'
}

/** The media type of a Content-Type header, without parameters, in lower case. */
export function mediaTypeOf(type: string | null): string | null {
  return type === null ? null : (type.split(';')[0] ?? '').trim().toLowerCase()
}

/** The response as text: `status 405`, with the media type for status 200; or that there was no response. */
export function describeResponse({ head, ending }: HttpAnswer): string {
  if (head === null) return ending === null ? 'no response' : 'the connection ended without a response'
  return head.status === 200
    ? `status 200, ${describeContentType(head.get('content-type'))}`
    : `status ${head.status}`
}

/** The Content-Type header as text, or that there is none. */
export function describeContentType(type: string | null): string {
  return type === null ? 'no Content-Type' : `Content-Type ${quoted(type)}`
}

/** A text in quotes, at most 120 characters of it. `marker`, which differs from run to run, is shown as MARK. */
export function quoted(text: string, marker = ''): string {
  const stable = marker === '' ? text : text.replaceAll(marker, 'MARK')
  return stable.length > 120
    ? `${JSON.stringify(stable.slice(0, 120))}.. (${stable.length} characters)`
    : JSON.stringify(stable)
}

/** The part of a stream that a check may judge: the bytes before the first event, and the event of the check. */
export interface Sample {
  readonly stream: EventStream
  readonly event: StreamEvent
  /** Violations of the grammar in that part. Other events belong to other checks. */
  readonly problems: (rule: StreamProblem['rule']) => readonly StreamProblem[]
}

/**
 * Opens a stream with an event on it. If the contract says how to publish, the event has a name, two lines and
 * characters of two, three and four bytes; otherwise it is the first event that the target sends by itself.
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
        ({ rule: broken, offset }) =>
          broken === rule && (offset < opening || (offset >= event.from && offset < event.to)),
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

/** Publishes a payload with a marker in it, and returns the event that a client receives. */
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

/** Throws a `Violation` unless the received data equals `wanted`, by default the published payload. */
export async function expectRoundTrip(
  kit: Kit,
  payload: (marker: string) => string,
  wanted: (marker: string) => string = payload,
): Promise<void> {
  const { event, marker } = await roundTrip(kit, payload)
  kit.expect(
    event.data === wanted(marker),
    `data ${quoted(wanted(marker), marker)}`,
    `data ${quoted(event.data, marker)}`,
  )
}

/** True if each published payload was received exactly once. Events that the target sends by itself may repeat. */
export function deliveredOnce({ events }: EventStream, published: readonly string[]): boolean {
  const wanted = new Set(published)
  return events.filter(({ data }) => wanted.has(data)).length === published.length
}

/**
 * True for an event that the harness published: it has a nonce in it, or a name that begins with `streamproof`. Only
 * other events show that the target sends something by itself.
 */
export function isFromHarness({ type, data, id }: StreamEvent): boolean {
  return type.startsWith('streamproof') || [type, data, id ?? ''].some(holdsNonce)
}
