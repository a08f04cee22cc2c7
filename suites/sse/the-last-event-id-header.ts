import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { isFromHarness, sample } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 204,
  title: 'HTML 9.2.4: the Last-Event-ID header',
}

const clause = { spec: 'HTML', section: 'the-last-event-id-header' } as const

export const idsPresent = check({
  id: 'sse/ids/present',
  title: 'sends events with an id, so that a client can resume',
  level: 'MAY',
  clause,
  topic: 'reconnection',
  needs: ['sse.events'],
  mutants: ['no-ids'],
  async run(kit) {
    const { event } = await sample(kit)
    kit.expect(event.id !== null && event.id !== '', 'an event with an id', 'an event without an id')
  },
})

interface Cursor {
  readonly id: string
  readonly title: string
  readonly value: string
  readonly mutants: readonly string[]
}

const unknownCursors: readonly Cursor[] = [
  {
    id: 'sse/cursor/unknown',
    title: 'serves a client with a Last-Event-ID that it never sent',
    value: 'streamproof-unknown-1',
    mutants: ['unknown-cursor-400', 'unknown-cursor-500', 'unknown-cursor-html', 'numbers-only-cursor'],
  },
  {
    id: 'sse/cursor/long',
    title: 'serves a client with a Last-Event-ID of 4 KiB',
    value: '7'.repeat(4096),
    mutants: ['long-cursor-400', 'unknown-cursor-400'],
  },
  {
    id: 'sse/cursor/non-ascii',
    title: 'serves a client with a non-ASCII Last-Event-ID',
    value: 'ü€😀',
    mutants: ['non-ascii-cursor-500', 'unknown-cursor-500'],
  },
  {
    id: 'sse/cursor/odd-characters',
    title: 'serves a client with quotes, a path and markup in Last-Event-ID',
    value: `" ' ../../etc <b> %00 ; -- {}`,
    mutants: ['numbers-only-cursor', 'unknown-cursor-html'],
  },
]

/** A client keeps its cursor when the server restarts. Any response other than 200 then closes it permanently. */
export const opaqueCursors = unknownCursors.map(({ id, title, value, mutants }) =>
  check({
    id,
    title,
    level: 'SHOULD',
    clause,
    topic: 'reconnection',
    mutants,
    async run({ subscribe }) {
      await subscribe({ lastEventId: value })
    },
  }),
)

export const utf8Cursor = check({
  id: 'sse/cursor/utf-8',
  title: 'decodes Last-Event-ID as UTF-8, so that it finds a non-ASCII id',
  level: 'SHOULD',
  clause,
  topic: 'reconnection',
  needs: ['sse.publish.id', 'sse.resume'],
  mutants: ['latin1-cursor'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    await kit.publish({ data: `${marker} first`, id: `é-${marker}` })
    await kit.publish({ data: `${marker} second` })
    await stream.expectEvent('the published events', ({ data }) => data.includes(`${marker} second`))
    const resumed = await kit.subscribe({ lastEventId: `é-${marker}` })
    await resumed.expectEvent('the event after the cursor', ({ data }) => data.includes(`${marker} second`))
    const again = resumed.events.some(({ data }) => data.includes(`${marker} first`))
    kit.expect(!again, 'only the events after the cursor', 'the event of the cursor itself as well')
  },
})

export const emptyCursor = check({
  id: 'sse/cursor/empty',
  title: 'treats an empty Last-Event-ID as absent',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'empty-cursor' },
  topic: 'reconnection',
  needs: ['sse.publish'],
  mutants: ['empty-cursor-400', 'empty-cursor-replays'],
  async run(kit) {
    const before = await (await kit.subscribe()).barrier()
    const [without, empty] = [await kit.subscribe(), await kit.subscribe({ lastEventId: '' })]
    await kit.inParallel(2, (index) => (index === 0 ? without : empty).barrier())
    const [fresh, same] = [without, empty].map(({ events }) =>
      events.some(({ data }) => data === before.data),
    )
    kit.expect(fresh === same, 'the same past events as without the header', 'other past events')
  },
})

export const unknownCursorReported = check({
  id: 'sse/cursor/unknown-reported',
  title: 'reports an unknown Last-Event-ID, or replays its history',
  // Otherwise the client does not know that it missed events.
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'unknown-cursor-reported' },
  topic: 'reconnection',
  needs: ['sse.publish', 'sse.resume'],
  mutants: ['unknown-cursor-silent'],
  async run(kit) {
    const before = await (await kit.subscribe()).barrier()
    const stream = await kit.subscribe({ lastEventId: `streamproof-${kit.nonce()}` })
    await stream.barrier()
    const replayed = stream.events.some(({ data }) => data === before.data)
    const reported =
      stream.events.some((event) => !isFromHarness(event)) || stream.response.get('last-event-id') !== null
    kit.expect(replayed || reported, 'a replay, or an event or header that reports it', 'only live events')
  },
})
