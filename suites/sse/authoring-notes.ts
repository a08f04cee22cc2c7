import { check, holdsNonce } from '#peers/kit'
import type { EventStream, Section, StreamLine } from '#peers/kit'
import { isOurs } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 208,
  title: 'HTML 9.2.7: authoring notes: delivery and heartbeats',
}

const clause = { spec: 'HTML', section: 'authoring-notes' } as const

/** The notes advise a comment about every 15 seconds; in ms, with a little grace. */
const heartbeatMs = 16_500

/** Comments that come this long behind the head are no part of the opening, in ms. */
const openingMs = 250

/** A comment, a block without data, or an event that is none of ours, on a stream that was opened some time ago. */
function beats(line: StreamLine, stream: EventStream, since: number): boolean {
  if (line.ms < since) return false
  if (line.kind === 'comment') return true
  if (line.name === 'event' && !line.value.startsWith('streamproof') && !holdsNonce(line.value)) return true
  return stream.events.some((event) => event.ms >= since && !isOurs(event))
}

export const heartbeat = check({
  id: 'sse/delivery/heartbeat',
  title: 'sends something about every 15 seconds, against proxies that close idle connections',
  level: 'SHOULD',
  clause,
  topic: 'connection',
  needs: ['sse.endless'],
  mutants: ['no-heartbeats'],
  budget: 60_000,
  async run(kit) {
    const stream = await kit.subscribe()
    const since = kit.now() + openingMs
    const beat = (from: number): Promise<StreamLine> =>
      stream.expectHeartbeat(
        'a heartbeat within 16 idle seconds',
        (line) => beats(line, stream, from),
        heartbeatMs,
      )
    const { ms } = await beat(since)
    kit.measure('firstHeartbeatMs', Math.round(ms - since + openingMs))
    // The first may have been due anyway when the stream was opened: what counts is the time between two.
    await beat(ms + openingMs)
  },
})

export const heartbeatForm = check({
  id: 'sse/delivery/heartbeat-form',
  title: 'beats by comments: an event with empty data is handed to the application',
  level: 'SHOULD',
  clause: { spec: 'HTML', section: 'dispatchMessage' },
  topic: 'protocol',
  needs: ['sse.endless'],
  after: ['sse/delivery/heartbeat'],
  mutants: ['data-heartbeats'],
  budget: 60_000,
  async run(kit) {
    const stream = await kit.subscribe()
    const since = kit.now() + openingMs
    const match = (line: StreamLine): boolean => beats(line, stream, since)
    await stream.expectHeartbeat('a heartbeat within 16 idle seconds', match, heartbeatMs)
    const empty = stream.events.some((event) => event.data === '' && !isOurs(event))
    kit.expect(!empty, 'a comment, or an event that says something', 'an event with empty data')
  },
})

export const prompt = check({
  id: 'sse/delivery/prompt',
  title: 'delivers a single small event at once',
  level: 'SHOULD',
  clause,
  topic: 'performance',
  needs: ['sse.publish'],
  mutants: ['hold-events'],
  async run(kit) {
    const [stream, marker] = [await kit.subscribe(), kit.nonce()]
    const asked = kit.now()
    await kit.publish({ data: marker })
    // How long the publisher takes to answer is a matter of its own.
    const answered = kit.now()
    const { ms } = await stream.expectEvent('the published event', ({ data }) => data.includes(marker))
    kit.measure('deliveryMs', Math.round(ms - asked))
    kit.expect(ms - answered < 1500, 'the event within 1.5 seconds', 'it was held back')
  },
})

export const compression = check({
  id: 'sse/delivery/compression',
  title: 'holds nothing back for a client that accepts compression',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'compression-flushes' },
  topic: 'performance',
  needs: ['sse.publish'],
  mutants: ['compresses-without-flush'],
  async run(kit) {
    const stream = await kit.subscribe({ headers: [['Accept-Encoding', 'gzip, deflate, br']] })
    const noise = Buffer.from(kit.randomBytes(3000)).toString('base64')
    await kit.inSequence(2, () => kit.publish({ data: `${kit.nonce()} ${noise}` }))
    // Base64 of noise cannot be made shorter than the noise: so many bytes are the first event at least.
    await stream.expectGrowth('the bytes of a published event', 2000)
  },
})

export const twoClients = check({
  id: 'sse/delivery/two-clients',
  title: 'delivers an event to every client, also to two from the same address',
  level: 'SHOULD',
  clause,
  topic: 'scalability',
  needs: ['sse.publish'],
  mutants: ['oldest-client-only', 'newest-client-only', 'one-stream-at-a-time'],
  expectations: ['EXP-SCA-3'],
  async run(kit) {
    const [first, second] = [await kit.subscribe(), await kit.subscribe()]
    const marker = kit.nonce()
    await kit.publish({ data: marker })
    await first.expectEvent('the event on the first client', ({ data }) => data.includes(marker))
    await second.expectEvent('the event on the second client', ({ data }) => data.includes(marker))
  },
})

export const clientsIndependent = check({
  id: 'sse/delivery/clients-independent',
  title: 'goes on for one client when another leaves',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'clients-independent' },
  topic: 'scalability',
  needs: ['sse.endless', 'sse.events'],
  mutants: ['disconnect-ends-all', 'one-stream-at-a-time'],
  async run(kit) {
    const [stays, leaves] = [await kit.subscribe(), await kit.subscribe()]
    leaves.reset()
    await stays.expectOpen(300)
    // One that never says anything stays open as well.
    await stays.expectDelivery()
  },
})
