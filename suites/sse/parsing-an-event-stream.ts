import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { expectRoundTrip, sample } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 205,
  title: 'HTML 9.2.5: parsing an event stream',
}

const clause = { spec: 'HTML', section: 'parsing-an-event-stream' } as const
const topic = 'protocol'

export const utf8 = check({
  id: 'sse/stream/utf8',
  title: 'always encodes the event stream as UTF-8',
  level: 'MUST',
  clause,
  topic: 'limitations',
  needs: ['sse.events'],
  mutants: ['latin1-body'],
  expectations: ['EXP-LIM-1'],
  async run(kit) {
    const { problems } = await sample(kit)
    kit.expect(problems('utf8').length === 0, 'UTF-8', 'bytes that are not UTF-8')
  },
})

export const oneBom = check({
  id: 'sse/stream/one-bom',
  title: 'sends a byte order mark only at the start of the stream',
  level: 'MUST',
  clause,
  topic,
  needs: ['sse.events'],
  mutants: ['bom-twice', 'bom-per-event'],
  async run(kit) {
    const { problems } = await sample(kit)
    kit.expect(
      problems('bom').length === 0,
      'no further byte order mark',
      'a byte order mark before a field or comment',
    )
  },
})

export const fieldCase = check({
  id: 'sse/stream/field-case',
  title: 'writes field names in lower case',
  // Clients compare names literally: a name in another case is unknown, and its value is lost.
  level: 'MUST',
  clause: { spec: 'HTML', section: 'processField' },
  topic,
  needs: ['sse.events'],
  mutants: ['capital-field', 'capital-data'],
  async run(kit) {
    const { problems } = await sample(kit)
    const [wrong] = problems('field-case')
    kit.expect(wrong === undefined, 'data, event, id and retry in lower case', wrong?.what ?? '')
  },
})

export const knownFields = check({
  id: 'sse/stream/known-fields',
  title: 'sends only the fields data, event, id and retry',
  level: 'SHOULD',
  clause: { spec: 'HTML', section: 'processField' },
  topic,
  needs: ['sse.events'],
  mutants: ['unknown-field'],
  async run(kit) {
    const { problems } = await sample(kit)
    const [wrong] = problems('unknown-field')
    kit.expect(wrong === undefined, 'no field but data, event, id and retry', wrong?.what ?? '')
  },
})

export const binary = check({
  id: 'sse/stream/binary',
  title: 'keeps the stream UTF-8 when non-UTF-8 bytes are published',
  level: 'MUST',
  clause,
  topic: 'limitations',
  needs: ['sse.publish.binary'],
  mutants: ['binary-as-it-is'],
  expectations: ['EXP-LIM-1'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    await kit.tryPublish({ data: Buffer.from(`${marker} \xff\xfe\xc3(\x80`, 'latin1') })
    await stream.barrier()
    const event = stream.events.find(({ data }) => data.includes(marker))
    const broken = stream.problems.some(({ rule, offset }) => rule === 'utf8' && isWithin(offset, event))
    kit.expect(!broken, 'UTF-8, with U+FFFD for invalid bytes', 'the bytes as they were published')
  },
})

export const surrogates = check({
  id: 'sse/stream/surrogates',
  title: 'does not encode surrogates as characters',
  level: 'MUST',
  clause,
  topic: 'limitations',
  needs: ['sse.publish.binary'],
  mutants: ['surrogates-as-they-are', 'binary-as-it-is'],
  expectations: ['EXP-LIM-1'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    await kit.tryPublish({ data: Buffer.from(`${marker} \xed\xa0\x80 \xed\xb0\x80`, 'latin1') })
    await stream.barrier()
    const event = stream.events.find(({ data }) => data.includes(marker))
    const broken = stream.problems.some(({ rule, offset }) => rule === 'utf8' && isWithin(offset, event))
    kit.expect(!broken, 'U+FFFD for each byte of a surrogate', 'surrogates of three bytes each')
  },
})

export const multibyte = check({
  id: 'sse/stream/multibyte',
  title: 'sends characters of two and three bytes unchanged',
  level: 'MUST',
  clause,
  topic: 'limitations',
  needs: ['sse.publish', 'sse.publish.verbatim'],
  mutants: ['ascii-only', 'latin1-body'],
  expectations: ['EXP-LIM-1'],
  async run(kit) {
    await expectRoundTrip(kit, (marker) => `${marker} é ß Ж 中 €`)
  },
})

export const astral = check({
  id: 'sse/stream/astral',
  title: 'sends characters of four bytes unchanged',
  level: 'MUST',
  clause,
  topic: 'limitations',
  needs: ['sse.publish', 'sse.publish.verbatim'],
  mutants: ['bmp-only', 'ascii-only'],
  expectations: ['EXP-LIM-1'],
  async run(kit) {
    await expectRoundTrip(kit, (marker) => `${marker} 😀 👩‍👩‍👧 𝄞`)
  },
})

export const lineSeparators = check({
  id: 'sse/stream/line-separators',
  // U+2028, U+2029, U+0085, VT and FF are text.
  title: 'ends lines only at CR and LF, not at other Unicode line breaks',
  level: 'MUST',
  clause,
  topic,
  needs: ['sse.publish', 'sse.publish.verbatim'],
  mutants: ['split-unicode-lines'],
  async run(kit) {
    await expectRoundTrip(kit, (marker) => `${marker} a\u2028b\u2029c\u0085d\ve\ff`)
  },
})

export const nulInData = check({
  id: 'sse/stream/nul-in-data',
  title: 'keeps U+0000 NULL in a payload',
  level: 'SHOULD',
  clause,
  topic: 'limitations',
  needs: ['sse.publish', 'sse.publish.verbatim'],
  mutants: ['end-at-nul'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    const attempt = await kit.tryPublish({ data: `${marker} a\0b` })
    await stream.barrier()
    const event = stream.events.find(({ data }) => data.includes(marker))
    kit.expect(
      attempt === 'rejected' || event?.data === `${marker} a\0b`,
      'data with NUL',
      'data without NUL, or no event',
    )
  },
})

function isWithin(
  offset: number,
  event: { readonly from: number; readonly to: number } | undefined,
): boolean {
  return event !== undefined && offset >= event.from && offset < event.to
}
