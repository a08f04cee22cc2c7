import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { expectRoundTrip, roundTrip, shown } from './support.ts'

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
/** For checks that compare what arrives with what was published. */
const verbatim = ['sse.publish', 'sse.publish.verbatim'] as const

// The text speaks of clients. Where one loses data by what the server writes, the check is a MUST here.

export const complete = check({
  id: 'sse/event/complete',
  title: 'ends every event by an empty line at once',
  level: 'MUST',
  clause: interpretation,
  topic,
  needs: verbatim,
  mutants: ['no-blank-line', 'holds-blank-line'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    await kit.publish({ data: marker })
    // Without its empty line it would not be handed out, or be one with the next.
    await stream.expectEvent('the published event on its own', ({ data }) => data === marker)
  },
})

export const lineFeed = check({
  id: 'sse/payload/line-feed',
  title: 'writes each line of a payload as a data field of its own',
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
  title: 'loses nothing behind a carriage return in a payload',
  level: 'MUST',
  clause: interpretation,
  topic,
  needs: verbatim,
  mutants: ['leak-cr', 'first-line-only'],
  async run(kit) {
    const { event, marker } = await roundTrip(kit, (marker) => `${marker} a\rb`)
    // That it becomes a line feed is right; that it is dropped loses no more than itself.
    const kept = /^ a[\r\n ]?b$/.test(event.data.replace(marker, ''))
    kit.expect(kept, 'data "MARK a\\nb"', `data ${shown(event.data, marker)}`)
  },
})

export const crLf = check({
  id: 'sse/payload/cr-lf',
  title: 'takes CR LF in a payload for one line break',
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
  title: 'keeps the space that a payload begins with',
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
  title: 'takes a payload for text, even where it looks like a field',
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
  title: 'delivers a payload of 64 KiB whole',
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
    const came = event === undefined ? 'no event' : `${event.data.length} characters`
    kit.expect(attempt === 'rejected' || event?.data === payload, `${payload.length} characters`, came)
  },
})

export const eventName = check({
  id: 'sse/event/name',
  title: 'delivers an event under the name that it was published with, whatever characters that has',
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
    const as = event === undefined ? 'no event' : `the name ${shown(event.type, marker)}`
    kit.expect(attempt === 'rejected' || event?.type === `é: ${marker}`, 'the name "é: MARK"', as)
  },
})

export const nameOfItsOwn = check({
  id: 'sse/event/name-not-inherited',
  title: 'gives an event without a name that of no other',
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
    // A server may have a name of its own for these; the one just published is not it.
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
    const came = stream.events.flatMap(({ data }) => {
      const [, rest] = data.split(`${marker} `)
      return rest === undefined ? [] : [rest.slice(0, 1)]
    })
    kit.expect(came.join('') === came.toSorted().join(''), 'the order of publication', 'another order')
  },
})

export const once = check({
  id: 'sse/event/once',
  title: 'delivers an event once',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'delivered-once' },
  topic,
  needs,
  mutants: ['deliver-twice'],
  async run(kit) {
    const { stream, marker } = await roundTrip(kit, (marker) => marker)
    await stream.barrier()
    const times = stream.events.filter(({ data }) => data.includes(marker)).length
    kit.expect(times === 1, 'the event once', 'the event again')
  },
})
