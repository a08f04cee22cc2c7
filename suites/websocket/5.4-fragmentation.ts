import { check } from '#peers/kit'
import type { FrameToSend, Section } from '#peers/kit'

export const section: Section = { protocol: 'websocket', order: 50400, title: 'RFC 6455 5.4: fragmentation' }

const clause = { spec: 'RFC6455', section: '5.4' } as const
const topic = 'protocol'

// --- Messages in fragments ----------------------------------------------------------------------------------------

const fragmentCounts = [
  { fragments: 2, title: 'reassembles a text message from 2 fragments' },
  { fragments: 64, title: 'reassembles a text message from 64 fragments' },
]

export const fragmented = fragmentCounts.map(({ fragments, title }) =>
  check({
    id: `ws/fragmentation/text-in-${fragments}`,
    title,
    level: 'MUST',
    clause,
    topic,
    needs: ['ws.echo'],
    mutants: ['keep-first-fragment-only'],
    async run({ connect }) {
      const ws = await connect()
      await ws.expectEcho('text', 'put together again, '.repeat(16), fragments)
    },
  }),
)

export const emptyFragments = check({
  id: 'ws/fragmentation/empty-fragments',
  title: 'accepts fragments with an empty payload',
  level: 'MUST',
  clause,
  topic,
  needs: ['ws.echo'],
  mutants: ['refuse-empty-fragments'],
  autobahn: '6.1.3',
  async run({ connect }) {
    const ws = await connect()
    ws.send([
      { opcode: 'text', fin: false },
      { opcode: 'continuation', payload: 'in the middle', fin: false },
      { opcode: 'continuation' },
    ])
    await ws.expectMessage('text', 'in the middle')
  },
})

export const typeOfFirst = check({
  id: 'ws/fragmentation/type-of-first',
  title: 'takes the type of a message from its first frame',
  level: 'MUST',
  clause,
  topic,
  needs: ['ws.echo.binary'],
  mutants: ['fragments-become-text'],
  async run({ connect }) {
    const ws = await connect()
    await ws.expectEcho('binary', Uint8Array.of(0x00, 0xff, 0x80, 0x7f), 4)
  },
})

export const pingInside = check({
  id: 'ws/fragmentation/ping-inside',
  title: 'answers a Ping before a fragmented message ends',
  level: 'MUST',
  clause,
  topic,
  mutants: ['defer-control-frames'],
  autobahn: '5.6',
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'text', payload: 'begun', fin: false })
    await ws.expectPong()
  },
})

export const messageIntact = check({
  id: 'ws/fragmentation/intact-around-ping',
  title: 'keeps a fragmented message intact around a Ping',
  level: 'MUST',
  clause,
  topic,
  needs: ['ws.echo'],
  mutants: ['control-frames-break-messages'],
  autobahn: '5.7',
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'text', payload: 'before, ', fin: false })
    await ws.expectPong()
    ws.send({ opcode: 'continuation', payload: 'after' })
    await ws.expectMessage('text', 'before, after')
  },
})

export const order = check({
  id: 'ws/fragmentation/message-order',
  title: 'echoes messages in the order in which they were sent',
  level: 'MUST',
  clause,
  topic,
  needs: ['ws.echo'],
  mutants: ['reverse-echoes'],
  async run({ connect, expect }) {
    const ws = await connect()
    const sent = Array.from('abcdefgh', (letter) => `message ${letter}`)
    ws.send(sent.map((payload) => ({ opcode: 'text', payload })))
    const received = await ws.expectTexts(sent)
    expect(received.join() === sent.join(), 'the echoes in the order of the messages', 'a different order')
  },
})

// --- Misplaced frames ----------------------------------------------------------------------------------------------

interface Misplaced {
  readonly name: string
  readonly title: string
  readonly frames: readonly FrameToSend[]
  readonly mutants: readonly string[]
  readonly autobahn?: string
}

/** Short: a server that echoes each fragment at once must not look like one that processes the frame after it. */
const begun: FrameToSend = { opcode: 'text', payload: 'abc', fin: false }

const misplaced: readonly Misplaced[] = [
  {
    name: 'continuation-alone',
    title: 'fails the connection on a lone final continuation frame',
    frames: [{ opcode: 'continuation', payload: 'alone' }],
    mutants: ['ignore-lone-continuation', 'accept-everything'],
    autobahn: '5.9',
  },
  {
    name: 'continuation-alone-unfinished',
    title: 'fails the connection on a lone non-final continuation frame',
    frames: [{ opcode: 'continuation', payload: 'alone', fin: false }],
    mutants: ['ignore-unfinished-lone-continuation'],
    autobahn: '5.12',
  },
  {
    name: 'text-inside',
    title: 'fails the connection on a text frame inside a fragmented message',
    frames: [begun, { opcode: 'text', payload: 'another' }],
    mutants: ['interleave-text'],
    autobahn: '5.18',
  },
  {
    name: 'binary-inside',
    title: 'fails the connection on a binary frame inside a fragmented message',
    frames: [begun, { opcode: 'binary', payload: 'another' }],
    mutants: ['interleave-binary'],
  },
]

export const failed = misplaced.map(({ name, title, frames, mutants, autobahn }) =>
  check({
    id: `ws/fragmentation/${name}`,
    title,
    level: 'MUST',
    clause,
    topic,
    mutants,
    ...(autobahn === undefined ? {} : { autobahn }),
    async run({ connect }) {
      const ws = await connect()
      ws.send(frames)
      await ws.expectFailed()
    },
  }),
)

export const continuationAfterMessage = check({
  id: 'ws/fragmentation/continuation-after-message',
  title: 'fails the connection on a continuation after a finished message',
  level: 'MUST',
  clause,
  topic,
  needs: ['ws.echo'],
  after: ['ws/fragmentation/text-in-2'],
  mutants: ['ignore-continuation-after-message'],
  autobahn: '5.15',
  async run({ connect }) {
    const ws = await connect()
    await ws.expectEcho('text', 'finished', 2)
    ws.send({ opcode: 'continuation', payload: 'too late' })
    await ws.expectFailed()
  },
})
