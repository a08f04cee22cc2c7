import { check } from '#peers/kit'
import type { FrameToSend, Section } from '#peers/kit'

export const section: Section = { protocol: 'websocket', order: 50400, title: 'RFC 6455 5.4: fragmentation' }

const clause = { spec: 'RFC6455', section: '5.4' } as const
const topic = 'protocol'

// --- Messages in fragments ----------------------------------------------------------------------------------------

export const fragmented = [2, 64].map((fragments) =>
  check({
    id: `ws/fragmentation/text-in-${fragments}`,
    title: `joins a text message that comes in ${fragments} fragments`,
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
  title: 'accepts fragments without payload',
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
  title: 'answers a Ping in the middle of a fragmented message at once',
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
  title: 'keeps a fragmented message whole around a Ping',
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
  title: 'answers messages in the order in which they came',
  level: 'MUST',
  clause,
  topic,
  needs: ['ws.echo'],
  mutants: ['reverse-echoes'],
  async run({ connect, expect }) {
    const ws = await connect()
    const sent = Array.from('abcdefgh', (letter) => `message ${letter}`)
    ws.send(sent.map((payload) => ({ opcode: 'text', payload })))
    const came = await ws.expectTexts(sent)
    expect(came.join() === sent.join(), 'the echoes in order', 'another order')
  },
})

// --- Frames out of place --------------------------------------------------------------------------------------------

interface Misplaced {
  readonly name: string
  readonly what: string
  readonly frames: readonly FrameToSend[]
  readonly mutants: readonly string[]
  readonly autobahn?: string
}

/** Short, so that a server which passes fragments on is not taken for one that processes what comes behind. */
const begun: FrameToSend = { opcode: 'text', payload: 'abc', fin: false }

const misplaced: readonly Misplaced[] = [
  {
    name: 'continuation-alone',
    what: 'a final continuation frame with nothing to continue',
    frames: [{ opcode: 'continuation', payload: 'alone' }],
    mutants: ['ignore-lone-continuation', 'accept-everything'],
    autobahn: '5.9',
  },
  {
    name: 'continuation-alone-unfinished',
    what: 'a continuation frame that is not final, with nothing to continue',
    frames: [{ opcode: 'continuation', payload: 'alone', fin: false }],
    mutants: ['ignore-unfinished-lone-continuation'],
    autobahn: '5.12',
  },
  {
    name: 'text-inside',
    what: 'a text frame inside a fragmented message',
    frames: [begun, { opcode: 'text', payload: 'another' }],
    mutants: ['interleave-text'],
    autobahn: '5.18',
  },
  {
    name: 'binary-inside',
    what: 'a binary frame inside a fragmented message',
    frames: [begun, { opcode: 'binary', payload: 'another' }],
    mutants: ['interleave-binary'],
  },
]

export const failed = misplaced.map(({ name, what, frames, mutants, autobahn }) =>
  check({
    id: `ws/fragmentation/${name}`,
    title: `fails the connection on ${what}`,
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
  title: 'fails the connection on a continuation frame behind a finished message',
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
