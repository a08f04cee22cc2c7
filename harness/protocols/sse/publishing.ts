import { Inconclusive, Violation } from '#model/errors'
import type { CapabilityFinding } from '#model/model'
import type { EventStream, Kit, StreamEvent } from '#peers/kit'
import type { Endpoint } from '#peers/session/endpoint'
import { absent, broken, present } from '#target/discovery/findings'
import type { Findings } from '#target/discovery/findings'
import type { Timing } from '#target/discovery/timing'

/** What discovery learned by publishing. */
export interface Published {
  readonly findings: Findings
  /** The published event as it arrived, or null. */
  readonly event: StreamEvent | null
  /** In the data of everything that discovery publishes. */
  readonly marker: string
}

/** Whether events can be published, and what of them the publisher can set. */
export async function publishFindings(
  kit: Kit,
  endpoint: Endpoint,
  stream: EventStream,
  timing: Timing,
): Promise<Published> {
  const marker = `streamproof-${kit.nonce()}`
  const plan = endpoint.publish
  if (plan === null) {
    const finding = absent('no way to publish an event is given: --publish-url URL')
    const findings = {
      'sse.publish': finding,
      'sse.publish.verbatim': finding,
      'sse.publish.event': finding,
      'sse.publish.id': finding,
      'sse.publish.binary': finding,
    }
    return { findings, event: null, marker }
  }
  const arrival = async (
    name: string,
    more: { event?: string; id?: string; tail?: Uint8Array },
  ): Promise<StreamEvent | string> => {
    const data = `${marker} ${name}`
    const { tail, ...rest } = more
    const whole =
      tail === undefined ? data : Uint8Array.from([...new TextEncoder().encode(`${data} `), ...tail])
    try {
      return await timing.of(async () => {
        await kit.publish({ ...rest, data: whole })
        return await stream.expectEvent('the published event', (event) => event.data.includes(data))
      })
    } catch (error) {
      if (error instanceof Inconclusive) return error.message
      if (error instanceof Violation) return 'the published event did not arrive on an open stream'
      throw error
    }
  }
  const type = 'streamproof-probe'
  const id = `probe-${kit.nonce()}`
  const raw = [plan.url.href, plan.body, ...plan.headers.map(([, value]) => value)].some((text) =>
    /(\{|%7B)(url:)?data(\}|%7D)/.test(text),
  )
  // One after the other: if the plain event does not arrive, the others say nothing.
  const event = await arrival('plain', {})
  if (typeof event === 'string') {
    const findings = {
      'sse.publish': broken(event),
      'sse.publish.verbatim': absent(event),
      'sse.publish.event': absent(event),
      'sse.publish.id': absent(event),
      'sse.publish.binary': absent(event),
    }
    return { findings, event: null, marker }
  }
  const [named, numbered, binary] = await Promise.all([
    plan.fields.has('event') ? arrival('named', { event: type }) : null,
    plan.fields.has('id') ? arrival('numbered', { id }) : null,
    raw ? arrival('binary', { tail: Uint8Array.from([0xff, 0xfe, 0xc3, 0x28]) }) : null,
  ])
  return {
    findings: {
      'sse.publish': present('a published event arrived on an open stream'),
      'sse.publish.verbatim':
        event.data === `${marker} plain`
          ? present('a published event arrived with just the data that was published')
          : absent('a published event arrived with more around its data, or with them encoded anew'),
      'sse.publish.event': settable(named, 'event', (found) => found.type === type),
      'sse.publish.id': settable(numbered, 'id', (found) => found.id === id),
      'sse.publish.binary':
        binary === null
          ? absent('the publish request has no place for raw bytes ({data} or {url:data})')
          : typeof binary === 'string'
            ? absent('the publisher does not take bytes that are not UTF-8')
            : present('a publication of bytes that are not UTF-8 was accepted, and its event arrived'),
    },
    event,
    marker,
  }
}

/** Publishes one more event for each of these streams to receive. If it does not arrive, nothing follows from it here. */
export async function publishTo(kit: Kit, streams: readonly EventStream[], marker: string): Promise<void> {
  const data = `${marker} shared ${kit.nonce()}`
  try {
    await kit.publish({ data })
    await Promise.all(
      streams.map((stream) =>
        stream.expectEvent('the published event', (event) => event.data.includes(data)),
      ),
    )
  } catch (error) {
    if (!(error instanceof Violation) && !(error instanceof Inconclusive)) throw error
  }
}

function settable(
  found: StreamEvent | string | null,
  field: 'event' | 'id',
  as: (event: StreamEvent) => boolean,
): CapabilityFinding {
  const what = field === 'event' ? 'a name' : 'an id'
  if (found === null) return absent(`the publish request has no place for ${what} of an event ({${field}})`)
  if (typeof found === 'string') return broken(`an event published with ${what}: ${found}`)
  return as(found)
    ? present(`an event published with ${what} arrived with it`)
    : broken(`an event published with ${what} arrived without it`)
}
