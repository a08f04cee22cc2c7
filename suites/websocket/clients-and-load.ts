import { check, percentile } from '#peers/kit'
import type { Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 950_000,
  title: 'Clients that people use, many of them, and what they cost',
}

const many = 20

// --- Connections --------------------------------------------------------------------------------------------------------

export const fullDuplex = check({
  id: 'ws/connection/full-duplex',
  title: 'answers while a message to it is still on its way',
  level: 'SHOULD',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-CON-1' },
  topic: 'connection',
  after: ['ws/fragmentation/intact-around-ping'],
  mutants: ['defer-control-frames'],
  expectations: ['EXP-CON-1'],
  async run({ connect, inSequence, measure }) {
    const ws = await connect()
    ws.send({ opcode: 'text', payload: 'begun, ', fin: false })
    await inSequence(5, async () => {
      await ws.expectPong()
      ws.send({ opcode: 'continuation', payload: 'not ended, ', fin: false })
    })
    measure('answersWhileSending', 5)
  },
})

export const oneConnection = check({
  id: 'ws/connection/one-for-many',
  title: 'keeps one connection for 50 exchanges',
  level: 'SHOULD',
  clause: { spec: 'EXPECTATIONS', section: 'EXP-CON-2' },
  topic: 'connection',
  mutants: ['hang-up-after-30-frames'],
  expectations: ['EXP-CON-2'],
  async run({ connect, inSequence, measure }) {
    const ws = await connect()
    await inSequence(50, () => ws.expectPong())
    measure('exchanges', 50)
    measure(
      'bytesUpPerExchange',
      Math.round((ws.trace.clientToServerBytes - (ws.trace.openedAtClientToServerBytes ?? 0)) / 50),
    )
  },
})

// --- Clients ------------------------------------------------------------------------------------------------------------

const packages = [
  ['ws', 'the ws package'],
  ['undiciWebSocket', "undici's WebSocket"],
] as const

export const opensFor = packages.map(([name, what]) =>
  check({
    id: `ws/compatibility/${name === 'ws' ? 'ws' : 'undici'}`,
    title: `opens for ${what}`,
    level: 'SHOULD',
    clause: { spec: 'RFC6455', section: '4.2.2' },
    topic: 'compatibility',
    mutants: ['wrong-accept', 'omit-upgrade'],
    expectations: ['EXP-CMP-1'],
    async run({ clients, expect }) {
      // How it closes is not judged: a client may take amiss what the server pushed meanwhile.
      const { opened } = await clients[name]()
      expect(opened, 'the client to open', 'it did not open')
    },
  }),
)

export const echoesFor = packages.map(([name, what]) =>
  check({
    id: `ws/compatibility/${name === 'ws' ? 'ws' : 'undici'}-echo`,
    title: `carries text both ways for ${what}`,
    level: 'SHOULD',
    clause: { spec: 'RFC6455', section: '5.6' },
    topic: 'compatibility',
    needs: ['ws.echo'],
    mutants: ['text-becomes-binary', 'mask-frames'],
    async run({ clients, expect, nonce }) {
      const { echoed } = await clients[name]({ echo: `€ ${nonce()}` })
      expect(echoed, 'the echo at the client', 'no echo')
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
  title: 'opens for a handshake as a browser sends it',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.2.1' },
  topic: 'compatibility',
  mutants: ['connection-not-a-list'],
  async run({ connect }) {
    const ws = await connect({ headers: browserHeaders })
    await ws.expectPong()
  },
})

// --- Many of them -------------------------------------------------------------------------------------------------------

export const twenty = check({
  id: 'ws/scalability/twenty-connections',
  title: 'serves 20 connections at a time',
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
  title: 'takes back 20 clients that were all cut off at once',
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

// --- What they cost -----------------------------------------------------------------------------------------------------

export const roundTrip = check({
  id: 'ws/performance/round-trip',
  title: 'answers Pings: how long each takes',
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
      const asked = now()
      await ws.expectPong()
      return now() - asked
    })
    measure('p50Ms', percentile(times, 50))
    measure('p99Ms', percentile(times, 99))
    expect(
      times.every((ms) => ms > 0),
      'answers behind their questions',
      'an answer before its question',
    )
  },
})

export const overhead = check({
  id: 'ws/performance/overhead',
  title: 'adds few octets to a message: octets on the wire for 1 KiB',
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
    measure('headerOctets', frame?.lengthBits === 64 ? 10 : 4)
    expect(frame?.lengthBits !== 64, 'a header of 4 octets', 'a longer one')
  },
})

export const ipv6 = check({
  id: 'ws/compatibility/ipv6',
  title: 'serves at its IPv6 address what it serves at the other',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'ipv6' },
  topic: 'compatibility',
  needs: ['ipv6'],
  mutants: ['mute-on-ipv6'],
  async run({ connect, overIpv6 }) {
    const ws = await connect({ via: await overIpv6('websocket') })
    await ws.expectPong()
  },
})
