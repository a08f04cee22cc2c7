import { check, holdsNonce } from '#peers/kit'
import type { EventStream, Section, StreamLine } from '#peers/kit'
import { isFromHarness } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 208,
  title: 'HTML 9.2.7: authoring notes: delivery and heartbeats',
}

const clause = { spec: 'HTML', section: 'authoring-notes' } as const

/** The notes advise a comment every 15 seconds or so. In ms, with a tolerance of 10 %. */
const heartbeatMs = 16_500

/** Comments that arrive within this time after the response head belong to the opening. In ms. */
const openingMs = 250

/** True for a comment, or a field or event that the harness did not publish, received at or after `since` (ms). */
function isHeartbeat(line: StreamLine, stream: EventStream, since: number): boolean {
  if (line.ms < since) return false
  if (line.kind === 'comment') return true
  if (line.name === 'event' && !line.value.startsWith('streamproof') && !holdsNonce(line.value)) return true
  return stream.events.some((event) => event.ms >= since && !isFromHarness(event))
}

export const heartbeat = check({
  id: 'sse/delivery/heartbeat',
  title: 'sends a comment or other data every 15 seconds or so',
  level: 'SHOULD',
  clause,
  topic: 'connection',
  needs: ['sse.endless'],
  mutants: ['no-heartbeats'],
  budget: 60_000,
  async run(kit) {
    const stream = await kit.subscribe()
    const since = kit.now() + openingMs
    const nextHeartbeat = (from: number): Promise<StreamLine> =>
      stream.expectHeartbeat(
        'a heartbeat within 16 idle seconds',
        (line) => isHeartbeat(line, stream, from),
        heartbeatMs,
      )
    const { ms } = await nextHeartbeat(since)
    kit.measure('firstHeartbeatMs', Math.round(ms - since + openingMs))
    // The first may have been due anyway when the stream was opened. The time between two heartbeats counts.
    await nextHeartbeat(ms + openingMs)
  },
})

export const heartbeatForm = check({
  id: 'sse/delivery/heartbeat-form',
  title: 'sends heartbeats as comments, not as events with empty data',
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
    const match = (line: StreamLine): boolean => isHeartbeat(line, stream, since)
    await stream.expectHeartbeat('a heartbeat within 16 idle seconds', match, heartbeatMs)
    const empty = stream.events.some((event) => event.data === '' && !isFromHarness(event))
    kit.expect(!empty, 'a comment, or an event with data', 'an event with empty data')
  },
})

export const prompt = check({
  id: 'sse/delivery/prompt',
  title: 'delivers a single small event without delay',
  level: 'SHOULD',
  clause,
  topic: 'performance',
  needs: ['sse.publish'],
  mutants: ['hold-events'],
  async run(kit) {
    const [stream, marker] = [await kit.subscribe(), kit.nonce()]
    const publishedAt = kit.now()
    await kit.publish({ data: marker })
    // The time that the publish endpoint takes to respond does not count against the stream.
    const acceptedAt = kit.now()
    const { ms } = await stream.expectEvent('the published event', ({ data }) => data.includes(marker))
    kit.measure('deliveryMs', Math.round(ms - publishedAt))
    kit.expect(ms - acceptedAt < 1500, 'the event within 1.5 seconds', 'the event arrived later')
  },
})

export const compression = check({
  id: 'sse/delivery/compression',
  title: 'flushes each event to a client that accepts compression',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'compression-flushes' },
  topic: 'performance',
  needs: ['sse.publish'],
  mutants: ['compresses-without-flush'],
  async run(kit) {
    const stream = await kit.subscribe({ headers: [['Accept-Encoding', 'gzip, deflate, br']] })
    const noise = Buffer.from(kit.randomBytes(3000)).toString('base64')
    await kit.inSequence(2, () => kit.publish({ data: `${kit.nonce()} ${noise}` }))
    // Base64 of random bytes compresses to no less than those bytes: more than 2000 bytes prove the first event.
    await stream.expectGrowth('the bytes of a published event', 2000)
  },
})

export const twoClients = check({
  id: 'sse/delivery/two-clients',
  title: 'delivers an event to both of two clients at the same address',
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
  title: 'keeps serving one client when another disconnects',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'clients-independent' },
  topic: 'scalability',
  needs: ['sse.endless', 'sse.events'],
  mutants: ['disconnect-ends-all', 'one-stream-at-a-time'],
  async run(kit) {
    const [remaining, leaving] = [await kit.subscribe(), await kit.subscribe()]
    leaving.reset()
    await remaining.expectOpen(300)
    // A stream that never sends an event stays open as well, so an event has to arrive.
    await remaining.expectDelivery()
  },
})
