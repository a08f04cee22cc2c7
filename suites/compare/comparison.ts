import { check, percentile } from '#peers/kit'
import type { Section } from '#peers/kit'
import { deliveredOnce } from '#suites/sse/support'

export const section: Section = {
  protocol: null,
  compares: ['websocket', 'sse'],
  order: 1,
  title: 'The two protocols, side by side',
}

const sampleSize = 30
const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index)

export const openingBytes = check({
  id: 'both/connection/opening-bytes',
  title: 'opens both protocols with one HTTP request and one response head',
  level: 'INFO',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-CON-4' },
  topic: 'connection',
  mutants: ['dead'],
  expectations: ['EXP-CON-4', 'EXP-PER-1'],
  async run({ connect, subscribe, measure, expect }) {
    const ws = await connect({ withoutPing: true })
    const stream = await subscribe()
    const [wsTrace, sseTrace] = [ws.trace, stream.trace]
    measure(
      'websocketBytes',
      (wsTrace.openedAtClientToServerBytes ?? 0) + (wsTrace.openedAtServerToClientBytes ?? 0),
    )
    measure(
      'sseBytes',
      (sseTrace.openedAtClientToServerBytes ?? 0) + (sseTrace.openedAtServerToClientBytes ?? 0),
    )
    expect(
      wsTrace.openedAtServerToClientBytes !== null && sseTrace.openedAtServerToClientBytes !== null,
      'both protocols to open',
      'one protocol did not open',
    )
  },
})

export const pushLatency = check({
  id: 'both/performance/latency',
  title: 'answers Pings and pushes events; both latencies are measured',
  level: 'INFO',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-PER-2' },
  topic: 'performance',
  needs: ['sse.publish'],
  exclusive: 'time',
  expectedDurationMs: 300,
  mutants: ['deliver-twice', 'mute'],
  expectations: ['EXP-PER-2', 'EXP-USE-1'],
  async run({ connect, subscribe, inSequence, now, measure, expect }) {
    const [ws, stream] = [await connect(), await subscribe()]
    const roundTrips = await inSequence(sampleSize, async () => {
      const sentAt = now()
      await ws.expectPong()
      return now() - sentAt
    })
    const pushes = await inSequence(sampleSize, async () => {
      const publishedAt = now()
      const { data } = await stream.barrier()
      return { data, ms: now() - publishedAt }
    })
    const pushTimes = pushes.map(({ ms }) => ms)
    measure('websocketRoundTripP50Ms', percentile(roundTrips, 50))
    measure('websocketRoundTripP99Ms', percentile(roundTrips, 99))
    measure('ssePublishToEventP50Ms', percentile(pushTimes, 50))
    measure('ssePublishToEventP99Ms', percentile(pushTimes, 99))
    const published = pushes.map(({ data }) => data)
    expect(
      deliveredOnce(stream, published),
      'every published event once',
      'an event was delivered more than once',
    )
  },
})

const payloads = [
  {
    id: 'both/performance/bytes-per-message-16',
    title: 'carries a 16-byte message; the bytes on the wire are measured',
    size: 16,
  },
  {
    id: 'both/performance/bytes-per-message-1024',
    title: 'carries a 1024-byte message; the bytes on the wire are measured',
    size: 1024,
  },
] as const

export const bytesPerMessage = payloads.map(({ id, title, size }) =>
  check({
    id,
    title,
    level: 'INFO',
    clause: { spec: 'EXPECTATIONS', section: 'EXP-PER-1' },
    topic: 'performance',
    needs: ['ws.echo', 'sse.publish'],
    mutants: ['text-becomes-binary', 'no-blank-line'],
    expectations: ['EXP-PER-1', 'EXP-PER-3'],
    async run({ connect, subscribe, publish, nonce, measure, expect }) {
      const text = nonce().padEnd(size, 'x')
      const [ws, stream] = [await connect(), await subscribe()]
      const before = ws.trace.serverToClientBytes
      await ws.expectEcho('text', text)
      measure('websocketBytes', ws.trace.serverToClientBytes - before)
      await publish({ data: text })
      const event = await stream.expectEvent('the published text', ({ data }) => data.includes(text))
      measure('sseBytes', stream.bytesOf(event).length)
      expect(stream.bytesOf(event).length >= size, 'at least the bytes of the text', 'fewer bytes')
    },
  }),
)

export const binary = check({
  id: 'both/limitations/binary',
  title: 'carries all 256 byte values over WebSocket, only text over SSE',
  level: 'INFO',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-LIM-2' },
  topic: 'limitations',
  needs: ['ws.echo.binary', 'sse.publish.binary'],
  mutants: ['echo-seven-bits', 'latin1-body'],
  expectations: ['EXP-LIM-1', 'EXP-LIM-2'],
  async run({ connect, subscribe, publish, expect }) {
    const [ws, stream] = [await connect(), await subscribe()]
    await ws.expectEcho('binary', everyByte)
    await publish({ data: everyByte })
    await stream.barrier()
    const broken = stream.problems.some(({ rule }) => rule === 'utf8')
    expect(!broken, 'the stream to stay UTF-8', 'bytes that are not UTF-8 in the stream')
  },
})

export const sideBySide = check({
  id: 'both/scalability/ten-of-each',
  title: 'serves ten WebSockets and ten event streams at once',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'side-by-side' },
  topic: 'scalability',
  exclusive: 'load',
  expectedDurationMs: 200,
  mutants: ['dead'],
  expectations: ['EXP-SCA-1', 'EXP-SCA-3'],
  async run({ connect, subscribe, inParallel, now, measure }) {
    const startedAt = now()
    const opening = [inParallel(10, () => connect()), inParallel(10, () => subscribe())] as const
    // Both settle first: a target that serves neither then always fails on its WebSockets.
    await Promise.allSettled(opening)
    const [sockets, streams] = await Promise.all(opening)
    await Promise.all(sockets.map((ws) => ws.expectPong()))
    await Promise.all(streams.map((stream) => stream.expectOpen(0)))
    measure('untilAllServedMs', Math.round(now() - startedAt))
  },
})
