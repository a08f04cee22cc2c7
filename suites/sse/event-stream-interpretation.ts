import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { expectRoundTrip, roundTrip, quoted } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 206,
  title: 'HTML 9.2.6: interpreting an event stream',
}

const interpretation = { spec: 'HTML', section: 'event-stream-interpretation' } as const
const fields = { spec: 'HTML', section: 'processField' } as const
const dispatch = { spec: 'HTML', section: 'dispatchMessage' } as const
const topic = 'protocol'
const needs = ['sse.publish'] as const
/** For checks that compare the received data with the published data. */
const verbatim = ['sse.publish', 'sse.publish.verbatim'] as const

// The standard's text binds clients. A check is a MUST if a conforming client loses data that the server sends.

export const complete = check({
  id: 'sse/event/complete',
  title: 'ends every event with a blank line without delay',
  level: 'MUST',
  clause: interpretation,
  topic,
  needs: verbatim,
  mutants: ['no-blank-line', 'holds-blank-line'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    await kit.publish({ data: marker })
    // Without a blank line a client does not dispatch the event, or merges it with the next one.
    await stream.expectEvent('the published event on its own', ({ data }) => data === marker)
  },
})

export const lineFeed = check({
  id: 'sse/payload/line-feed',
  title: 'writes each line of a payload as its own data field',
  level: 'MUST',
  clause: fields,
  topic,
  needs: verbatim,
  mutants: ['leak-lf', 'first-line-only'],
  async run(kit) {
    await expectRoundTrip(kit, (marker) => `${marker}\nsecond\n\nfourth`)
  },
})

export const carriageReturn = check({
  id: 'sse/payload/carriage-return',
  title: 'loses no data after a carriage return in a payload',
  level: 'MUST',
  clause: interpretation,
  topic,
  needs: verbatim,
  mutants: ['leak-cr', 'first-line-only'],
  async run(kit) {
    const { event, marker } = await roundTrip(kit, (marker) => `${marker} a\rb`)
    // A line feed in its place is right. If it is dropped, only the carriage return itself is lost.
    const kept = /^ a[\r\n ]?b$/.test(event.data.replace(marker, ''))
    kit.expect(kept, 'data "MARK a\\nb"', `data ${quoted(event.data, marker)}`)
  },
})

export const crLf = check({
  id: 'sse/payload/cr-lf',
  title: 'treats CR LF in a payload as one line break',
  level: 'SHOULD',
  clause: interpretation,
  topic,
  needs: verbatim,
  mutants: ['crlf-twice'],
  async run(kit) {
    await expectRoundTrip(
      kit,
      (marker) => `${marker} a\r\nb`,
      (marker) => `${marker} a\nb`,
    )
  },
})

export const leadingSpace = check({
  id: 'sse/payload/leading-space',
  title: 'keeps a leading space in a payload',
  level: 'MUST',
  clause: fields,
  topic,
  needs: verbatim,
  mutants: ['no-space-after-colon'],
  async run(kit) {
    await expectRoundTrip(kit, (marker) => ` ${marker}`)
  },
})

export const colon = check({
  id: 'sse/payload/colon',
  title: 'keeps colons in a payload',
  level: 'MUST',
  clause: interpretation,
  topic,
  needs: verbatim,
  mutants: ['cut-at-colon'],
  async run(kit) {
    await expectRoundTrip(kit, (marker) => `${marker}: a: b::c`)
  },
})

export const looksLikeField = check({
  id: 'sse/payload/looks-like-field',
  title: 'sends a payload that looks like a field as data',
  level: 'MUST',
  clause: interpretation,
  topic,
  needs: verbatim,
  mutants: ['payload-parsed-as-fields'],
  async run(kit) {
    await expectRoundTrip(kit, (marker) => `data: ${marker}\nretry: 99999\n: comment`)
  },
})

export const empty = check({
  id: 'sse/payload/empty',
  title: 'delivers an event with an empty payload',
  level: 'SHOULD',
  clause: dispatch,
  topic,
  needs: [...verbatim, 'sse.publish.event'],
  mutants: ['drop-empty-payload'],
  async run(kit) {
    const stream = await kit.subscribe()
    const name = kit.nonce()
    const attempt = await kit.tryPublish({ data: '', event: name })
    await stream.barrier()
    const event = stream.events.find(({ type }) => type === name)
    kit.expect(attempt === 'rejected' || event?.data === '', 'an event with empty data', 'no such event')
  },
})

export const trailingLineFeed = check({
  id: 'sse/payload/trailing-line-feed',
  title: 'keeps a line break at the end of a payload',
  level: 'SHOULD',
  clause: dispatch,
  topic,
  needs: verbatim,
  mutants: ['trim-payload-end'],
  async run(kit) {
    await expectRoundTrip(kit, (marker) => `${marker}\n`)
  },
})

export const byteOrderMark = check({
  id: 'sse/payload/byte-order-mark',
  title: 'keeps U+FEFF in a payload',
  level: 'SHOULD',
  clause: interpretation,
  topic,
  needs: verbatim,
  mutants: ['strip-bom'],
  async run(kit) {
    await expectRoundTrip(kit, (marker) => `${marker} \uFEFFx`)
  },
})

export const long = check({
  id: 'sse/payload/long',
  title: 'delivers a payload of 64 KiB in full',
  level: 'SHOULD',
  clause: fields,
  topic: 'limitations',
  needs: verbatim,
  mutants: ['cut-long-payload'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    const payload = `${marker} ${'0123456789abcde\n'.repeat(4096)}.`
    const attempt = await kit.tryPublish({ data: payload })
    await stream.barrier()
    const event = stream.events.find(({ data }) => data.includes(marker))
    const received = event === undefined ? 'no event' : `${event.data.length} characters`
    kit.expect(attempt === 'rejected' || event?.data === payload, `${payload.length} characters`, received)
  },
})

export const eventName = check({
  id: 'sse/event/name',
  title: 'delivers an event name with non-ASCII characters unchanged',
  level: 'SHOULD',
  clause: fields,
  topic,
  needs: ['sse.publish', 'sse.publish.event'],
  mutants: ['named-events-unnamed'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    const attempt = await kit.tryPublish({ data: marker, event: `é: ${marker}` })
    await stream.barrier()
    const event = stream.events.find(({ data }) => data.includes(marker))
    const received = event === undefined ? 'no event' : `the name ${quoted(event.type, marker)}`
    kit.expect(attempt === 'rejected' || event?.type === `é: ${marker}`, 'the name "é: MARK"', received)
  },
})

export const nameNotInherited = check({
  id: 'sse/event/name-not-inherited',
  title: 'does not give an unnamed event the name of the event before it',
  level: 'MUST',
  clause: dispatch,
  topic,
  needs: ['sse.publish', 'sse.publish.event'],
  mutants: ['sticky-event-name'],
  async run(kit) {
    const stream = await kit.subscribe()
    const named = kit.nonce()
    await kit.publish({ data: named, event: 'streamproof' })
    await stream.expectEvent('the published event', ({ data }) => data.includes(named))
    const { type } = await stream.barrier()
    // A server may give unnamed events a default name, but not the name published just before.
    kit.expect(type !== 'streamproof', 'an event of type "message"', 'the name of the event before it')
  },
})

export const order = check({
  id: 'sse/event/order',
  title: 'delivers events in the order in which they were published',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'order-kept' },
  topic,
  needs,
  mutants: ['reverse-events'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    await kit.inSequence(5, (index) => kit.publish({ data: `${marker} ${index}.` }))
    await kit.inSequence(5, (index) =>
      stream.expectEvent('the published events', ({ data }) => data.includes(`${marker} ${index}.`)),
    )
    const received = stream.events.flatMap(({ data }) => {
      const [, rest] = data.split(`${marker} `)
      return rest === undefined ? [] : [rest.slice(0, 1)]
    })
    kit.expect(
      received.join('') === received.toSorted().join(''),
      'the order of publication',
      'another order',
    )
  },
})

export const once = check({
  id: 'sse/event/once',
  title: 'delivers an event only once',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'delivered-once' },
  topic,
  needs,
  mutants: ['deliver-twice'],
  async run(kit) {
    const { stream, marker } = await roundTrip(kit, (marker) => marker)
    await stream.barrier()
    const times = stream.events.filter(({ data }) => data.includes(marker)).length
    kit.expect(times === 1, 'the event once', 'the event more than once')
  },
})
