import { check, percentile } from '#peers/kit'
import type { ReceivedFrame, Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 950_000,
  title: 'Full duplex, third-party clients, load and performance',
}

const many = 20

// --- Connections --------------------------------------------------------------------------------------------------------

export const fullDuplex = check({
  id: 'ws/connection/full-duplex',
  title: 'answers Pings while a message to it is still being sent',
  level: 'SHOULD',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-CON-1' },
  topic: 'connection',
  after: ['ws/fragmentation/intact-around-ping'],
  mutants: ['defer-control-frames'],
  expectations: ['EXP-CON-1'],
  async run({ connect, inSequence, measure }) {
    const ws = await connect()
    const pongs = new Set<ReceivedFrame>()
    measure('answersWhileSending', pongs.size)
    ws.send({ opcode: 'text', payload: 'begun, ', fin: false })
    await inSequence(5, async () => {
      pongs.add(await ws.expectPong())
      measure('answersWhileSending', pongs.size)
      ws.send({ opcode: 'continuation', payload: 'not ended, ', fin: false })
    })
  },
})

export const oneConnection = check({
  id: 'ws/connection/one-for-many',
  title: 'keeps one connection open for 50 exchanges',
  level: 'SHOULD',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-CON-2' },
  topic: 'connection',
  mutants: ['hang-up-after-30-frames'],
  expectations: ['EXP-CON-2'],
  async run({ connect, inSequence, measure }) {
    const ws = await connect()
    const pongs = new Set<ReceivedFrame>()
    measure('exchanges', pongs.size)
    await inSequence(50, async () => {
      pongs.add(await ws.expectPong())
      measure('exchanges', pongs.size)
    })
    const { clientToServerBytes, openedAtClientToServerBytes } = ws.trace
    const sentBytes = clientToServerBytes - (openedAtClientToServerBytes ?? 0)
    measure('clientToServerBytesPerExchange', Math.round(sentBytes / pongs.size))
  },
})

// --- Clients ------------------------------------------------------------------------------------------------------------

const openingClients = [
  { name: 'ws', client: 'ws', title: 'accepts a connection from the ws package' },
  {
    name: 'undici',
    client: 'undiciWebSocket',
    title: 'accepts a connection from the undici WebSocket client',
  },
] as const

export const opensFor = openingClients.map(({ name, client, title }) =>
  check({
    id: `ws/compatibility/${name}`,
    title,
    level: 'SHOULD',
    clause: { spec: 'RFC6455', section: '4.2.2' },
    topic: 'compatibility',
    mutants: ['wrong-accept', 'omit-upgrade'],
    expectations: ['EXP-CMP-1'],
    async run({ clients, expect }) {
      // How the connection closes is not judged: the client may reject data that the server pushed in the meantime.
      const { opened } = await clients[client]()
      expect(opened, 'the client to open', 'the client did not open')
    },
  }),
)

const echoingClients = [
  { name: 'ws-echo', client: 'ws', title: 'echoes text to the ws package' },
  { name: 'undici-echo', client: 'undiciWebSocket', title: 'echoes text to the undici WebSocket client' },
] as const

export const echoesFor = echoingClients.map(({ name, client, title }) =>
  check({
    id: `ws/compatibility/${name}`,
    title,
    level: 'SHOULD',
    clause: { spec: 'RFC6455', section: '5.6' },
    topic: 'compatibility',
    needs: ['ws.echo'],
    mutants: ['text-becomes-binary', 'mask-frames'],
    async run({ clients, expect, nonce }) {
      const { echoed } = await clients[client]({ echo: `€ ${nonce()}` })
      expect(echoed, 'the client to receive the echo', 'the client received no echo')
    },
  }),
)

const browserHeaders = [
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ['Accept', '*/*'],
  ['Accept-Language', 'en-US,en;q=0.5'],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Connection', 'keep-alive, Upgrade'],
  ['Sec-WebSocket-Extensions', 'permessage-deflate'],
  ['Sec-Fetch-Dest', 'websocket'],
  ['Sec-Fetch-Mode', 'websocket'],
  ['Pragma', 'no-cache'],
  ['Cache-Control', 'no-cache'],
] as const

export const browser = check({
  id: 'ws/compatibility/browser-handshake',
  title: 'accepts a handshake with the headers that browsers send',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.2.1' },
  topic: 'compatibility',
  mutants: ['connection-not-a-list'],
  async run({ connect }) {
    const ws = await connect({ headers: browserHeaders })
    await ws.expectPong()
  },
})

// --- Load ---------------------------------------------------------------------------------------------------------------

export const twenty = check({
  id: 'ws/scalability/twenty-connections',
  title: 'serves 20 simultaneous connections',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'twenty-connections' },
  topic: 'scalability',
  exclusive: 'load',
  expectedDurationMs: 200,
  mutants: ['fifteen-websockets'],
  expectations: ['EXP-SCA-1'],
  async run({ connect, inParallel, now, measure }) {
    const began = now()
    const sockets = await inParallel(many, () => connect({ judgesRefusal: true }))
    measure('allOpenMs', Math.round(now() - began))
    const times = await Promise.all(sockets.map((ws) => ws.expectPong().then(({ ms }) => ms - began)))
    measure('lastAnswerMs', percentile(times, 100))
  },
})

export const twentyBack = check({
  id: 'ws/scalability/twenty-reconnects',
  title: 'accepts the clients again after 19 connections were reset at once',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'twenty-reconnects' },
  topic: 'scalability',
  exclusive: 'load',
  expectedDurationMs: 300,
  mutants: ['refuse-after-loss', 'fifteen-websockets'],
  expectations: ['EXP-REC-1', 'EXP-SCA-1'],
  async run({ connect, inParallel, nonce, now, measure }) {
    const names = Array.from({ length: many }, () => [['X-Streamproof-Client', nonce()]] as const)
    const other = await connect()
    const again = (index: number): ReturnType<typeof connect> =>
      connect({ headers: names[index] ?? [], judgesRefusal: true })
    const sockets = await inParallel(many - 1, again)
    sockets.forEach((ws) => ws.reset())
    await other.expectPong()
    const began = now()
    await inParallel(many - 1, again)
    measure('allBackMs', Math.round(now() - began))
  },
})

// --- Performance --------------------------------------------------------------------------------------------------------

export const roundTrip = check({
  id: 'ws/performance/round-trip',
  title: 'answers 20 Pings one after another (measures round-trip time)',
  level: 'INFO',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-PER-2' },
  topic: 'performance',
  exclusive: 'time',
  expectedDurationMs: 200,
  mutants: ['ignore-pings'],
  expectations: ['EXP-PER-2'],
  async run({ connect, inSequence, now, measure, expect }) {
    const ws = await connect()
    const times = await inSequence(many, async () => {
      const sentAt = now()
      await ws.expectPong()
      return now() - sentAt
    })
    measure('p50Ms', percentile(times, 50))
    measure('p99Ms', percentile(times, 99))
    expect(
      times.every((ms) => ms > 0),
      'a positive round-trip time for every Ping',
      'a round-trip time of zero or less',
    )
  },
})

/** Bytes of an unmasked frame header, by the width of its length field in bits (RFC 6455 5.2). */
const headerBytes = { 7: 2, 16: 4, 64: 10 } as const

export const overhead = check({
  id: 'ws/performance/overhead',
  title: 'uses a 4-byte header for a 1 KiB message',
  level: 'INFO',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-PER-1' },
  topic: 'performance',
  needs: ['ws.echo.binary'],
  mutants: ['data-length-64-bits'],
  expectations: ['EXP-PER-1'],
  async run({ connect, measure, expect }) {
    const ws = await connect()
    const message = await ws.expectEcho('binary', new Uint8Array(1024))
    const frame = ws.frames.find(({ ms }) => ms === message.ms)
    if (frame !== undefined) measure('headerBytes', headerBytes[frame.lengthBits])
    expect(frame?.lengthBits !== 64, 'a frame header of 4 bytes', 'a frame header of 10 bytes')
  },
})

export const ipv6 = check({
  id: 'ws/compatibility/ipv6',
  title: 'accepts connections at its IPv6 address',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'ipv6' },
  topic: 'compatibility',
  needs: ['ipv6'],
  mutants: ['mute-on-ipv6'],
  async run({ connect, overIpv6 }) {
    const ws = await connect({ via: await overIpv6() })
    await ws.expectPong()
  },
})
