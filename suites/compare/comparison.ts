import { check, percentile } from '#peers/kit'
import type { Section } from '#peers/kit'
import { cameOnce } from '#suites/sse/support'

export const section: Section = { protocol: 'both', order: 1, title: 'The two protocols, side by side' }

const sampleSize = 30
const payloadSizes = [16, 1024] as const
const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index)

export const openingBytes = check({
  id: 'both/connection/opening-bytes',
  title: 'opens with one HTTP request and one response head: bytes until the first message can flow',
  level: 'INFO',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-CON-4' },
  topic: 'connection',
  mutants: ['dead'],
  expectations: ['EXP-CON-4', 'EXP-PER-1'],
  async run({ connect, subscribe, measure, expect }) {
    const ws = await connect({ withoutPing: true })
    const stream = await subscribe()
    const [opened, began] = [ws.trace, stream.trace]
    measure(
      'websocketBytes',
      (opened.openedAtClientToServerBytes ?? 0) + (opened.openedAtServerToClientBytes ?? 0),
    )
    measure('sseBytes', (began.openedAtClientToServerBytes ?? 0) + (began.openedAtServerToClientBytes ?? 0))
    expect(
      opened.openedAtServerToClientBytes !== null && began.openedAtServerToClientBytes !== null,
      'both to open',
      'one did not',
    )
  },
})

export const pushLatency = check({
  id: 'both/performance/latency',
  title: 'answers a Ping, and pushes a published event: how long each takes',
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
      const asked = now()
      await ws.expectPong()
      return now() - asked
    })
    const pushes = await inSequence(sampleSize, async () => {
      const asked = now()
      const { data } = await stream.barrier()
      return { data, ms: now() - asked }
    })
    const pushTimes = pushes.map(({ ms }) => ms)
    measure('websocketRoundTripP50Ms', percentile(roundTrips, 50))
    measure('websocketRoundTripP99Ms', percentile(roundTrips, 99))
    measure('ssePublishToEventP50Ms', percentile(pushTimes, 50))
    measure('ssePublishToEventP99Ms', percentile(pushTimes, 99))
    const published = pushes.map(({ data }) => data)
    expect(cameOnce(stream, published), 'every published event once', 'an event came more than once')
  },
})

export const bytesPerMessage = payloadSizes.map((size) =>
  check({
    id: `both/performance/bytes-per-message-${size}`,
    title: `carries ${size} bytes of text: bytes on the wire for one message from the server`,
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
      expect(stream.bytesOf(event).length >= size, 'at least as many bytes as the text has', 'fewer bytes')
    },
  }),
)

export const binary = check({
  id: 'both/limitations/binary',
  title: 'carries all 256 byte values over WebSocket as they are, and over SSE only as text',
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
    const began = now()
    const [sockets, streams] = await Promise.all([
      inParallel(10, () => connect()),
      inParallel(10, () => subscribe()),
    ])
    await Promise.all(sockets.map((ws) => ws.expectPong()))
    await Promise.all(streams.map((stream) => stream.expectOpen(0)))
    measure('untilAllServedMs', Math.round(now() - began))
  },
})
