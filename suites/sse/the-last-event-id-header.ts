import { check } from '#peers/kit'
import type { Section } from '#peers/kit'
import { isOurs, sample } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 204,
  title: 'HTML 9.2.4: the Last-Event-ID header',
}

const clause = { spec: 'HTML', section: 'the-last-event-id-header' } as const

export const idsPresent = check({
  id: 'sse/ids/present',
  title: 'gives events an id, from which a client can resume',
  level: 'MAY',
  clause,
  topic: 'reconnection',
  needs: ['sse.events'],
  mutants: ['no-ids'],
  async run(kit) {
    const { event } = await sample(kit)
    kit.expect(event.id !== null && event.id !== '', 'an event with an id', 'an event without one')
  },
})

interface Cursor {
  readonly name: string
  readonly what: string
  readonly value: string
  readonly mutants: readonly string[]
}

const unknown: readonly Cursor[] = [
  {
    name: 'unknown',
    what: 'one that it has never given out',
    value: 'streamproof-unknown-1',
    mutants: ['unknown-cursor-400', 'unknown-cursor-500', 'unknown-cursor-html', 'numbers-only-cursor'],
  },
  {
    name: 'long',
    what: 'one of 4 KiB',
    value: '7'.repeat(4096),
    mutants: ['long-cursor-400', 'unknown-cursor-400'],
  },
  {
    name: 'non-ascii',
    what: 'one outside ASCII',
    value: 'ü€😀',
    mutants: ['non-ascii-cursor-500', 'unknown-cursor-500'],
  },
  {
    name: 'odd-characters',
    what: 'one with quotes, spaces, a path and markup',
    value: `" ' ../../etc <b> %00 ; -- {}`,
    mutants: ['numbers-only-cursor', 'unknown-cursor-html'],
  },
]

/** A client keeps its cursor over restarts of the server; whatever is not a 200 then closes it for good. */
export const opaqueCursors = unknown.map(({ name, what, value, mutants }) =>
  check({
    id: `sse/cursor/${name}`,
    title: `serves a client with a cursor that it cannot place: ${what}`,
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
  title: 'reads Last-Event-ID as UTF-8, so that an id outside ASCII is found again',
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
    await resumed.expectEvent('the event behind the cursor', ({ data }) => data.includes(`${marker} second`))
    const again = resumed.events.some(({ data }) => data.includes(`${marker} first`))
    kit.expect(!again, 'the events behind the cursor alone', 'the event of the cursor itself as well')
  },
})

export const emptyCursor = check({
  id: 'sse/cursor/empty',
  title: 'takes an empty Last-Event-ID for none',
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
    kit.expect(fresh === same, 'what a client without the header gets', 'another choice of past events')
  },
})

export const unknownCursorTold = check({
  id: 'sse/cursor/unknown-reported',
  title: 'lets a client know that its cursor could not be placed, or replays what it has',
  // Else the client takes a stream with a hole in it for complete.
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
    const told =
      stream.events.some((event) => !isOurs(event)) || stream.response.get('last-event-id') !== null
    kit.expect(replayed || told, 'a replay, an event or a header that says so', 'live events alone')
  },
})
