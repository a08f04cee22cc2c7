import { check, filled, hex } from '#peers/kit'
import type { Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 50500,
  title: 'RFC 6455 5.5: control frames',
}

const clause = { spec: 'RFC6455', section: '5.5' } as const
const topic = 'protocol'

// --- Length and fragmentation --------------------------------------------------------------------------------------

export const pingTooLong = check({
  id: 'ws/control/ping-over-125',
  title: 'fails the connection on a Ping with a 126-byte payload',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '5.5' },
  topic: 'protocol',
  mutants: ['accept-long-ping', 'accept-everything'],
  autobahn: '2.5',
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'ping', payload: filled(126) })
    await ws.expectFailed()
  },
})

export const pongTooLong = check({
  id: 'ws/control/pong-over-125',
  title: 'fails the connection on a Pong with a 126-byte payload',
  level: 'MUST',
  clause,
  topic,
  mutants: ['accept-long-pong'],
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'pong', payload: filled(126) })
    await ws.expectFailed()
  },
})

const notFinal = [
  {
    opcode: 'ping',
    title: 'fails the connection on a fragmented Ping',
    mutants: ['accept-fragmented-ping'],
    autobahn: '5.1',
  },
  {
    opcode: 'pong',
    title: 'fails the connection on a fragmented Pong',
    mutants: ['accept-fragmented-pong'],
    autobahn: '5.2',
  },
] as const

export const fragmented = notFinal.map(({ opcode, title, mutants, autobahn }) =>
  check({
    id: `ws/control/${opcode}-fragmented`,
    title,
    level: 'MUST',
    clause,
    topic,
    mutants,
    autobahn,
    async run({ connect }) {
      const ws = await connect()
      ws.send({ opcode, payload: 'fragmented', fin: false })
      await ws.expectFailed()
    },
  }),
)

export const serverWhole = check({
  id: 'ws/control/server-unfragmented',
  title: 'does not fragment control frames that it sends',
  level: 'MUST',
  clause,
  topic,
  mutants: ['fragment-pongs'],
  async run({ connect, expect }) {
    const ws = await connect()
    await ws.expectPong()
    const whole = ws.frames.every(({ opcode, fin }) => opcode < 8 || fin)
    expect(whole, 'control frames with FIN set', 'a control frame without FIN')
  },
})

export const serverShort = check({
  id: 'ws/control/server-up-to-125',
  title: 'sends no control frame with a payload over 125 bytes',
  level: 'MUST',
  clause,
  topic,
  mutants: ['ping-of-200-bytes'],
  async run({ connect, expect }) {
    const ws = await connect()
    await ws.expectPong()
    const short = ws.frames.every(({ opcode, payload }) => opcode < 8 || payload.length <= 125)
    expect(
      short,
      'control frames with a payload of at most 125 bytes',
      'a control frame with a longer payload',
    )
  },
})

// --- Ping and Pong --------------------------------------------------------------------------------------------------

const pings = [
  {
    name: 'empty',
    title: 'answers an empty Ping with an empty Pong',
    payload: filled(0),
    mutants: ['ignore-empty-pings'],
    autobahn: '2.1',
  },
  {
    name: 'of-125',
    title: 'answers a 125-byte Ping with a Pong of the same payload',
    payload: filled(125),
    mutants: ['shorten-pongs'],
    autobahn: '2.4',
  },
  {
    name: 'not-utf8',
    title: 'answers a non-UTF-8 Ping with a Pong of the same payload',
    payload: hex('00 ff fe fd c0 af ed a0 80'),
    mutants: ['pong-as-utf8'],
    autobahn: '2.3',
  },
]

export const answered = pings.map(({ name, title, payload, mutants, autobahn }) =>
  check({
    id: `ws/control/ping-${name}`,
    title,
    level: 'MUST',
    clause: { spec: 'RFC6455', section: '5.5.3' },
    topic,
    mutants,
    autobahn,
    async run({ connect }) {
      const ws = await connect()
      await ws.expectPong(payload)
    },
  }),
)

export const pingAnswered = check({
  id: 'ws/control/ping-answered',
  title: 'answers a Ping with a Pong',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '5.5.2' },
  topic: 'connection',
  mutants: ['ignore-pings'],
  autobahn: '2.2',
  async run({ connect }) {
    const ws = await connect({ withoutPing: true })
    await ws.expectPong()
  },
})

export const latestPing = check({
  id: 'ws/control/latest-ping',
  title: 'answers at least the most recent of ten Pings',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '5.5.3' },
  topic,
  mutants: ['answer-first-ping-only'],
  autobahn: '2.11',
  async run({ connect, nonce }) {
    const ws = await connect()
    const payloads = Array.from({ length: 10 }, () => nonce())
    ws.send(payloads.map((payload) => ({ opcode: 'ping', payload })))
    await ws.expectPongOf(payloads.at(-1) ?? '')
  },
})

export const unsolicitedPong = check({
  id: 'ws/control/unsolicited-pong',
  title: 'ignores an unsolicited Pong',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '5.5.3' },
  topic,
  mutants: ['fail-on-unsolicited-pong'],
  autobahn: '2.7',
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'pong', payload: 'unsolicited' })
    await ws.expectPong()
  },
})

export const pongUnanswered = check({
  id: 'ws/control/pong-unanswered',
  title: 'does not answer an unsolicited Pong',
  // SHOULD: 5.5.3 says that no response is expected, which is not a prohibition.
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '5.5.3' },
  topic,
  mutants: ['answer-pongs'],
  autobahn: '2.8',
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'pong', payload: 'unsolicited' })
    const echoed = (payload: Uint8Array): boolean => new TextDecoder().decode(payload) === 'unsolicited'
    await ws.expectNone('answer to a Pong', ({ opcode, payload }) => opcode >= 8 && echoed(payload))
  },
})

export const noPongAfterClose = check({
  id: 'ws/control/no-pong-after-close',
  title: 'does not answer a Ping that follows a Close frame',
  // SHOULD: 5.5.2 requires no Pong after a Close, and only 1.4 says that data after a Close is discarded.
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '5.5.2' },
  topic,
  after: ['ws/closing/tcp-ended'],
  mutants: ['pong-after-close'],
  autobahn: '7.1.3',
  async run({ connect, expect }) {
    const ws = await connect()
    const late = 'too late'
    ws.send([
      { opcode: 'close', payload: hex('03e8') },
      { opcode: 'ping', payload: late },
    ])
    await ws.expectEnd()
    // A Pong with another payload may be unsolicited, which 5.5.3 allows, and may have been sent before the Close.
    const pong = ws.frames.some(
      ({ opcode, payload }) => opcode === 10 && Buffer.from(payload).equals(Buffer.from(late)),
    )
    expect(!pong, 'no Pong for a Ping after the Close', 'a Pong')
  },
})
