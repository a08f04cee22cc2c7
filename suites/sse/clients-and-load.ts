import { check, percentile } from '#peers/kit'
import type { Section } from '#peers/kit'
import { cameOnce } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 950,
  title: 'Clients that people use, many of them, and what they cost',
}

const many = 20

export const eventSource = check({
  id: 'sse/compatibility/undici-eventsource',
  title: "is understood by undici's EventSource: type, data and id of an event",
  level: 'MUST',
  clause: { spec: 'HTML', section: 'the-eventsource-interface' },
  topic: 'compatibility',
  needs: ['sse.publish'],
  mutants: ['type-html', 'status-201', 'no-blank-line'],
  expectations: ['EXP-CMP-1'],
  async run({ clients, subscribe, publish, nonce, expect }) {
    const [raw, mark] = [await subscribe(), nonce()]
    const { events } = await clients.undiciEventSource({
      onOpen: () => publish({ data: `\u20ac ${mark}` }),
      until: (seen) => seen.some(({ data }) => data.includes(mark)),
    })
    const own = await raw.expectEvent('the published event', ({ data }) => data.includes(mark))
    const theirs = events.find(({ data }) => data.includes(mark))
    const same =
      theirs?.type === own.type && theirs.data === own.data && theirs.lastEventId === own.lastEventId
    expect(same, 'the event, as the standard reads it', 'the client did not get it, or not so')
  },
})

export const fetchStyle = check({
  id: 'sse/compatibility/without-accept-encoding',
  title: 'serves a client that sends nothing but Host and Accept',
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
  title: 'serves 20 streams at a time, and an event to each of them',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'twenty-streams' },
  topic: 'scalability',
  needs: ['sse.publish'],
  exclusive: 'load',
  expectedDurationMs: 200,
  mutants: ['few-streams', 'newest-client-only'],
  async run({ subscribe, publish, inParallel, nonce, now, measure }) {
    const streams = await inParallel(many, () => subscribe({ judgesRefusal: true }))
    const [mark, asked, what] = [nonce(), now(), 'the published event on every stream']
    await publish({ data: mark })
    const came = await Promise.all(
      streams.map((stream) => stream.expectEvent(what, ({ data }) => data.includes(mark))),
    )
    const times = came.map(({ ms }) => ms - asked)
    measure('firstMs', percentile(times, 0))
    measure('lastMs', percentile(times, 100))
  },
})

export const twentyBack = check({
  id: 'sse/scalability/twenty-reconnects',
  title: 'takes back 20 clients that were all cut off at once',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'twenty-reconnects' },
  topic: 'scalability',
  needs: ['sse.events', 'sse.ids'],
  exclusive: 'load',
  expectedDurationMs: 500,
  mutants: ['refuse-reconnect', 'slow-reconnect', 'few-streams'],
  async run({ subscribe, inParallel, now, measure }) {
    const streams = await inParallel(many, () => subscribe({ judgesRefusal: true }))
    const cursors = await Promise.all(
      streams.map(async (stream) => (await stream.expectDelivery()).lastEventId),
    )
    streams.forEach((stream) => stream.reset())
    const asked = now()
    const back = await inParallel(many, (at) =>
      subscribe({ lastEventId: cursors[at] ?? '', judgesRefusal: true }),
    )
    measure('allBackMs', Math.round(now() - asked))
    await Promise.all(back.map((stream) => stream.expectDelivery()))
  },
})

export const pushLatency = check({
  id: 'sse/performance/push-latency',
  title: 'pushes published events: how long each takes',
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
    const pushes = await inSequence(many, async () => {
      const asked = now()
      const { data, ms } = await stream.barrier()
      return { data, ms: ms - asked }
    })
    const times = pushes.map(({ ms }) => ms)
    measure('p50Ms', percentile(times, 50))
    measure('p99Ms', percentile(times, 99))
    const published = pushes.map(({ data }) => data)
    expect(cameOnce(stream, published), 'every event once', 'an event came twice')
  },
})

export const bytesPerEvent = check({
  id: 'sse/performance/bytes-per-event',
  title: 'carries 20 000 bytes of text in an event: bytes on the wire',
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
    const event = await stream.expectEvent('the published event, whole', (one) => one.data.includes(data))
    measure('streamBytes', event.to - event.from)
    measure('wireBytes', stream.trace.serverToClientBytes - before)
  },
})

export const burst = check({
  id: 'sse/performance/burst',
  title: 'delivers 20 events that are published one behind the other, in order: events per second',
  level: 'INFO',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-PER-3' },
  topic: 'performance',
  needs: ['sse.publish'],
  exclusive: 'time',
  expectedDurationMs: 300,
  mutants: ['reverse-events'],
  expectations: ['EXP-PER-3'],
  async run({ subscribe, publish, inSequence, nonce, now, measure, expect }) {
    const [stream, mark, asked] = [await subscribe(), nonce(), now()]
    await inSequence(many, (index) => publish({ data: `${mark}-${index}-` }))
    const last = await stream.expectEvent('the last event', ({ data }) =>
      data.includes(`${mark}-${many - 1}-`),
    )
    measure('eventsPerSecond', Math.round((many * 1000) / (last.ms - asked)))
    const own = stream.events.filter(({ data }) => data.includes(mark))
    expect(
      own.every(({ data }, index) => data.includes(`${mark}-${index}-`)),
      'the order of publication',
      'another order',
    )
  },
})

export const ipv6 = check({
  id: 'sse/compatibility/ipv6',
  title: 'serves at its IPv6 address what it serves at the other',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'ipv6' },
  topic: 'compatibility',
  needs: ['ipv6'],
  mutants: ['mute-on-ipv6'],
  async run({ subscribe, overIpv6 }) {
    const stream = await subscribe({ via: await overIpv6('sse') })
    await stream.expectOpen()
  },
})
