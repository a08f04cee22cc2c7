import { check, percentile } from '#peers/kit'
import type { Section } from '#peers/kit'
import { deliveredOnce } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 950,
  title: 'Widely used clients, many clients, and measurements',
}

/** Streams, reconnects or events per check. */
const count = 20

export const eventSource = check({
  id: 'sse/compatibility/eventsource',
  title: 'serves the eventsource package: event type, data and id',
  level: 'MUST',
  clause: { spec: 'HTML', section: 'the-eventsource-interface' },
  topic: 'compatibility',
  needs: ['sse.publish'],
  mutants: ['type-html', 'status-201', 'no-blank-line'],
  expectations: ['EXP-CMP-1'],
  async run({ clients, subscribe, publish, nonce, expect }) {
    const [raw, marker] = [await subscribe(), nonce()]
    const { events } = await clients.eventSource({
      onOpen: () => publish({ data: `\u20ac ${marker}` }),
      until: (seen) => seen.some(({ data }) => data.includes(marker)),
    })
    const expected = await raw.expectEvent('the published event', ({ data }) => data.includes(marker))
    const received = events.find(({ data }) => data.includes(marker))
    const same =
      received?.type === expected.type &&
      received.data === expected.data &&
      received.lastEventId === (expected.id ?? '')
    expect(same, 'the event as the standard parses it', 'no event, or a different one')
  },
})

export const fetchStyle = check({
  id: 'sse/compatibility/without-accept-encoding',
  title: 'serves a client that sends only Host and Accept',
  level: 'MUST',
  clause: { spec: 'HTML', section: 'the-eventsource-interface' },
  topic: 'compatibility',
  needs: ['sse.events'],
  mutants: ['needs-cache-control'],
  async run({ subscribe }) {
    const stream = await subscribe({ without: ['Accept-Encoding', 'Cache-Control'] })
    await stream.expectDelivery()
  },
})

export const twenty = check({
  id: 'sse/scalability/twenty-streams',
  title: 'serves 20 streams at once and delivers an event to each',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'twenty-streams' },
  topic: 'scalability',
  needs: ['sse.publish'],
  exclusive: 'load',
  expectedDurationMs: 200,
  mutants: ['few-streams', 'newest-client-only'],
  async run({ subscribe, publish, inParallel, nonce, now, measure }) {
    const streams = await inParallel(count, () => subscribe({ judgesRefusal: true }))
    const [marker, publishedAt, what] = [nonce(), now(), 'the published event on every stream']
    await publish({ data: marker })
    const received = await Promise.all(
      streams.map((stream) => stream.expectEvent(what, ({ data }) => data.includes(marker))),
    )
    const times = received.map(({ ms }) => ms - publishedAt)
    measure('firstMs', percentile(times, 0))
    measure('lastMs', percentile(times, 100))
  },
})

export const twentyBack = check({
  id: 'sse/scalability/twenty-reconnects',
  title: 'accepts 20 clients that reconnect at the same time',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'twenty-reconnects' },
  topic: 'scalability',
  needs: ['sse.events', 'sse.ids'],
  exclusive: 'load',
  expectedDurationMs: 500,
  mutants: ['refuse-reconnect', 'slow-reconnect', 'few-streams'],
  async run({ subscribe, inParallel, now, measure }) {
    const streams = await inParallel(count, () => subscribe({ judgesRefusal: true }))
    const cursors = await Promise.all(
      streams.map(async (stream) => (await stream.expectDelivery()).lastEventId),
    )
    streams.forEach((stream) => stream.reset())
    const reconnectedAt = now()
    const reconnected = await inParallel(count, (index) =>
      subscribe({ lastEventId: cursors[index] ?? '', judgesRefusal: true }),
    )
    measure('allBackMs', Math.round(now() - reconnectedAt))
    await Promise.all(reconnected.map((stream) => stream.expectDelivery()))
  },
})

export const pushLatency = check({
  id: 'sse/performance/push-latency',
  title: 'delivers each published event once; the latency is measured',
  level: 'INFO',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-PER-3' },
  topic: 'performance',
  needs: ['sse.publish'],
  exclusive: 'time',
  expectedDurationMs: 300,
  mutants: ['deliver-twice'],
  expectations: ['EXP-PER-3'],
  async run({ subscribe, inSequence, now, measure, expect }) {
    const stream = await subscribe()
    const pushes = await inSequence(count, async () => {
      const publishedAt = now()
      const { data, ms } = await stream.barrier()
      return { data, ms: ms - publishedAt }
    })
    const times = pushes.map(({ ms }) => ms)
    measure('p50Ms', percentile(times, 50))
    measure('p99Ms', percentile(times, 99))
    const published = pushes.map(({ data }) => data)
    expect(deliveredOnce(stream, published), 'every event once', 'an event was delivered twice')
  },
})

export const bytesPerEvent = check({
  id: 'sse/performance/bytes-per-event',
  title: 'delivers an event of 20,000 bytes; bytes on the wire are measured',
  level: 'INFO',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-PER-3' },
  topic: 'performance',
  needs: ['sse.publish'],
  exclusive: 'time',
  expectedDurationMs: 300,
  mutants: ['cut-long-payload'],
  expectations: ['EXP-PER-3'],
  async run({ subscribe, publish, nonce, measure }) {
    const [stream, data] = [await subscribe(), nonce().padEnd(20_000, 'x')]
    const before = stream.trace.serverToClientBytes
    await publish({ data })
    const event = await stream.expectEvent('the whole published event', (candidate) =>
      candidate.data.includes(data),
    )
    measure('streamBytes', event.to - event.from)
    measure('wireBytes', stream.trace.serverToClientBytes - before)
  },
})

export const burst = check({
  id: 'sse/performance/burst',
  title: 'delivers 20 events in order in a burst; the rate is measured',
  level: 'INFO',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-PER-3' },
  topic: 'performance',
  needs: ['sse.publish'],
  exclusive: 'time',
  expectedDurationMs: 300,
  mutants: ['reverse-events'],
  expectations: ['EXP-PER-3'],
  async run({ subscribe, publish, inSequence, nonce, now, measure, expect }) {
    const [stream, marker, startedAt] = [await subscribe(), nonce(), now()]
    await inSequence(count, (index) => publish({ data: `${marker}-${index}-` }))
    const last = await stream.expectEvent('the last event', ({ data }) =>
      data.includes(`${marker}-${count - 1}-`),
    )
    measure('eventsPerSecond', Math.round((count * 1000) / (last.ms - startedAt)))
    const published = stream.events.filter(({ data }) => data.includes(marker))
    expect(
      published.every(({ data }, index) => data.includes(`${marker}-${index}-`)),
      'the order of publication',
      'another order',
    )
  },
})

export const ipv6 = check({
  id: 'sse/compatibility/ipv6',
  title: 'serves the stream at its IPv6 address as at its IPv4 address',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'ipv6' },
  topic: 'compatibility',
  needs: ['ipv6'],
  mutants: ['mute-on-ipv6'],
  async run({ subscribe, overIpv6 }) {
    const stream = await subscribe({ via: await overIpv6() })
    await stream.expectOpen()
  },
})
