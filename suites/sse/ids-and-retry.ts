import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { roundTrip, sample, quoted } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 207,
  title: 'HTML 9.2.6: ids and the reconnection time',
}

const fields = { spec: 'HTML', section: 'processField' } as const
const dispatch = { spec: 'HTML', section: 'dispatchMessage' } as const
const topic = 'reconnection'

export const noNul = check({
  id: 'sse/ids/no-nul',
  title: 'sends no id that contains U+0000 NULL',
  level: 'SHOULD',
  clause: fields,
  topic,
  needs: ['sse.ids'],
  mutants: ['nul-in-id'],
  async run(kit) {
    const { problems } = await sample(kit)
    kit.expect(problems('id-nul').length === 0, 'an id without NUL', 'an id with NUL, which clients ignore')
  },
})

export const onEveryEvent = check({
  id: 'sse/ids/on-every-event',
  title: 'sends an id with every event',
  // After an event without an id, a client still has the last event ID of an earlier event.
  level: 'SHOULD',
  clause: dispatch,
  topic,
  needs: ['sse.publish', 'sse.ids'],
  mutants: ['some-without-id'],
  async run(kit) {
    const first = await roundTrip(kit, (marker) => marker)
    const second = await roundTrip(kit, (marker) => `${marker}\nsecond`)
    const all = first.event.id !== null && second.event.id !== null
    kit.expect(all, 'an id on each of two events', 'an event without one')
  },
})

export const neverEmpty = check({
  id: 'sse/ids/never-empty',
  title: 'sends no empty id, which would reset the last event ID',
  level: 'SHOULD',
  clause: dispatch,
  topic,
  needs: ['sse.publish', 'sse.ids'],
  mutants: ['some-with-empty-id'],
  async run(kit) {
    const first = await roundTrip(kit, (marker) => marker)
    const second = await roundTrip(kit, (marker) => `${marker}\nsecond`)
    const empty = first.event.id === '' || second.event.id === ''
    kit.expect(!empty, 'no empty id', 'an event with an empty id')
  },
})

export const unique = check({
  id: 'sse/ids/unique',
  title: 'gives no two events the same id',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'unique-ids' },
  topic,
  needs: ['sse.publish', 'sse.ids'],
  mutants: ['constant-id'],
  async run(kit) {
    const stream = await kit.subscribe()
    const ids = (await kit.inSequence(4, () => stream.barrier()))
      .map(({ id }) => id)
      .filter((id) => id !== null)
    kit.expect(new Set(ids).size === ids.length, 'ids that differ', 'the same id again')
  },
})

export const shared = check({
  id: 'sse/ids/shared',
  title: 'sends the same event with the same id to every client',
  // Otherwise a client cannot resume on another connection with the id that it received.
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'shared-ids' },
  topic,
  needs: ['sse.publish', 'sse.ids'],
  mutants: ['per-connection-ids'],
  async run(kit) {
    const first = await kit.subscribe()
    await first.barrier()
    const second = await kit.subscribe()
    const { data, id } = await second.barrier()
    const same = await first.expectEvent('the event on the other client', (event) => event.data === data)
    kit.expect(same.id === id, 'the same id on both', 'different ids')
  },
})

export const corsSafe = check({
  id: 'sse/ids/cors-safe',
  title: 'uses ids that browsers can send cross-origin without a preflight',
  level: 'MAY',
  clause: { spec: 'FETCH', section: 'cors-unsafe-request-header-byte' },
  topic: 'compatibility',
  needs: ['sse.ids'],
  mutants: ['long-ids', 'unsafe-ids'],
  async run(kit) {
    const { event } = await sample(kit)
    const id = event.id ?? ''
    kit.expect(Buffer.byteLength(id) <= 128, 'an id of at most 128 bytes', 'a longer id')
    kit.expect(
      !/["():<>?@[\\\]{}]|[^\P{Cc}\t]/u.test(id),
      'an id of CORS-safe characters',
      'an id with other characters',
    )
  },
})

export const publishedId = check({
  id: 'sse/ids/as-published',
  title: 'sends a published id with non-ASCII characters unchanged',
  level: 'SHOULD',
  clause: fields,
  topic: 'protocol',
  needs: ['sse.publish', 'sse.publish.id'],
  mutants: ['ascii-ids'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    const attempt = await kit.tryPublish({ data: marker, id: `é ${marker}` })
    await stream.barrier()
    const event = stream.events.find(({ data }) => data.includes(marker))
    const received = event?.id == null ? 'no id' : `the id ${quoted(event.id, marker)}`
    kit.expect(attempt === 'rejected' || event?.id === `é ${marker}`, 'the id "é MARK"', received)
  },
})

export const retryDigits = check({
  id: 'sse/retry/digits',
  title: 'writes the reconnection time in ASCII digits only',
  level: 'SHOULD',
  clause: fields,
  topic,
  needs: ['sse.events'],
  mutants: ['retry-garbage'],
  async run(kit) {
    const { problems } = await sample(kit)
    kit.expect(
      problems('retry-not-digits').length === 0,
      'ASCII digits',
      'another value, which clients ignore',
    )
  },
})

export const retryModerate = check({
  id: 'sse/retry/moderate',
  title: 'sets a reconnection time between 50 ms and one day',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'moderate-retry' },
  topic: 'scalability',
  needs: ['sse.events'],
  mutants: ['retry-zero', 'retry-absurd'],
  async run(kit) {
    const { stream } = await sample(kit)
    const { retry } = stream
    if (retry !== null) kit.measure('retryMs', retry)
    kit.expect(retry === null || retry >= 50, 'a reconnection time of 50 ms or more', `${retry} ms`)
    kit.expect(retry === null || retry <= 86_400_000, 'a reconnection time of a day or less', `${retry} ms`)
  },
})

export const retrySent = check({
  id: 'sse/retry/sent',
  title: 'sets a reconnection time with a retry field',
  level: 'MAY',
  clause: { spec: 'HTML', section: 'concept-event-stream-reconnection-time' },
  topic,
  needs: ['sse.events'],
  mutants: ['no-retry', 'retry-garbage'],
  async run(kit) {
    const { stream } = await sample(kit)
    kit.expect(stream.retry !== null, 'a retry field', 'no retry field before the first event')
  },
})
