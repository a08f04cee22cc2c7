import { check, hex } from '#peers/kit'
import type { FrameToSend, Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 50100,
  title: 'RFC 6455 5.1 and 5.3: masking',
}

const clause = { spec: 'RFC6455', section: '5.1' } as const
const topic = 'protocol'

interface Unmasked {
  readonly name: string
  readonly title: string
  readonly frames: readonly FrameToSend[]
  readonly mutants: readonly string[]
}

const frames: readonly Unmasked[] = [
  {
    name: 'text',
    title: 'fails the connection on an unmasked text frame',
    frames: [{ opcode: 'text', payload: 'unmasked', mask: false }],
    mutants: ['accept-unmasked', 'accept-everything'],
  },
  {
    name: 'empty-text',
    title: 'fails the connection on an unmasked empty text frame',
    frames: [{ opcode: 'text', mask: false }],
    mutants: ['accept-unmasked', 'accept-unmasked-empty'],
  },
  {
    name: 'ping',
    title: 'fails the connection on an unmasked Ping',
    frames: [{ opcode: 'ping', payload: 'unmasked', mask: false }],
    mutants: ['accept-unmasked', 'accept-unmasked-control'],
  },
  {
    name: 'continuation',
    title: 'fails the connection on an unmasked continuation frame',
    frames: [
      { opcode: 'text', payload: 'abc', fin: false },
      { opcode: 'continuation', payload: 'unmasked', mask: false },
    ],
    mutants: ['accept-unmasked', 'accept-unmasked-continuation'],
  },
]

export const unmasked = frames.map(({ name, title, frames, mutants }) =>
  check({
    id: `ws/masking/unmasked-${name}`,
    title,
    level: 'MUST',
    clause,
    topic,
    mutants,
    async run({ connect }) {
      const ws = await connect()
      ws.send(frames)
      await ws.expectFailed()
    },
  }),
)

export const unmaskedCode = check({
  id: 'ws/masking/unmasked-code',
  title: 'closes with 1002 when it receives an unmasked frame',
  level: 'MAY',
  clause,
  topic,
  after: ['ws/masking/unmasked-ping'],
  mutants: ['unmasked-code-1003'],
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'ping', payload: 'unmasked', mask: false })
    await ws.expectFailedWith(1002)
  },
})

export const serverUnmasked = check({
  id: 'ws/masking/server-unmasked',
  title: 'does not mask any frame that it sends',
  level: 'MUST',
  clause,
  topic,
  mutants: ['mask-frames'],
  async run({ connect, expect }) {
    const ws = await connect()
    await ws.expectPong()
    expect(
      ws.frames.every((frame) => !frame.masked),
      'unmasked frames only',
      'a masked frame',
    )
  },
})

const keys = [
  {
    name: 'zero',
    title: 'unmasks a payload whose masking key is all zeros',
    key: '00000000',
    mutants: ['refuse-zero-mask'],
  },
  {
    name: 'ones',
    title: 'unmasks a payload whose masking key is all ones',
    key: 'ffffffff',
    mutants: ['refuse-ones-mask'],
  },
]

export const maskingKeys = keys.map(({ name, title, key, mutants }) =>
  check({
    id: `ws/masking/key-${name}`,
    title,
    level: 'MUST',
    clause: { spec: 'RFC6455', section: '5.3' },
    topic,
    mutants,
    async run({ connect }) {
      const ws = await connect()
      ws.send({ opcode: 'ping', payload: 'unmask me', mask: hex(key) })
      await ws.expectPongOf('unmask me')
    },
  }),
)

export const maskOverSegments = check({
  id: 'ws/masking/key-over-segments',
  title: 'continues the masking key across TCP segments',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '5.3' },
  topic,
  mutants: ['mask-restarts-per-segment'],
  async run({ connect }) {
    const ws = await connect()
    // The first write ends one byte into the payload.
    ws.send({ opcode: 'ping', payload: 'cut by TCP', mask: hex('01020304') }, [7, 2, 100])
    await ws.expectPongOf('cut by TCP')
  },
})
