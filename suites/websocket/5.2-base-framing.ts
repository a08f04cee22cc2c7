import { check, filled } from '#peers/kit'
import type { FrameToSend, Section } from '#peers/kit'

export const section: Section = { protocol: 'websocket', order: 50200, title: 'RFC 6455 5.2: base framing' }

const clause = { spec: 'RFC6455', section: '5.2' } as const
const topic = 'protocol'

// --- Frames that fail the connection --------------------------------------------------------------------------------

interface Failing {
  readonly name: string
  readonly what: string
  readonly frames: readonly FrameToSend[]
  readonly mutants: readonly string[]
  readonly autobahn?: string
}

const reserved = (opcode: number, autobahn: string): Failing => ({
  name: `opcode-${opcode.toString(16)}`,
  what: `the reserved opcode 0x${opcode.toString(16).toUpperCase()}`,
  frames: [{ opcode, payload: 'reserved' }],
  mutants: [opcode < 8 ? 'ignore-reserved-data-opcodes' : 'ignore-reserved-control-opcodes'],
  autobahn,
})

const failing: readonly Failing[] = [
  {
    name: 'rsv1-text',
    what: 'a text frame with RSV1 that no extension defines',
    frames: [{ opcode: 'text', payload: 'reserved', rsv: 4 }],
    mutants: ['accept-rsv1', 'accept-everything'],
    autobahn: '3.4',
  },
  {
    name: 'rsv2-text',
    what: 'a text frame with RSV2',
    frames: [{ opcode: 'text', payload: 'reserved', rsv: 2 }],
    mutants: ['accept-rsv2'],
    autobahn: '3.2',
  },
  {
    name: 'rsv3-binary',
    what: 'a binary frame with RSV3',
    frames: [{ opcode: 'binary', payload: 'reserved', rsv: 1 }],
    mutants: ['accept-rsv3'],
    autobahn: '3.5',
  },
  {
    name: 'rsv-ping',
    what: 'a Ping with all reserved bits',
    frames: [{ opcode: 'ping', payload: 'reserved', rsv: 7 }],
    mutants: ['accept-rsv-control'],
    autobahn: '3.6',
  },
  reserved(0x3, '4.1.1'),
  reserved(0x7, '4.1.5'),
  reserved(0xb, '4.2.1'),
  reserved(0xf, '4.2.5'),
  {
    name: 'opcode-in-fragment',
    what: 'a reserved opcode inside a fragmented message',
    frames: [
      { opcode: 'text', payload: 'abc', fin: false },
      { opcode: 0x3, payload: 'reserved' },
    ],
    mutants: ['ignore-reserved-opcodes-in-fragment'],
  },
  {
    name: 'length-highest-bit',
    what: 'a 64-bit length whose highest bit is set',
    frames: [{ opcode: 'binary', payload: 'length', lengthBits: 64, declaredLength: 2n ** 63n + 6n }],
    mutants: ['accept-length-highest-bit'],
  },
]

export const failed = failing.map(({ name, what, frames, mutants, autobahn }) =>
  check({
    id: `ws/framing/${name}`,
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

// --- What the target sends ------------------------------------------------------------------------------------------

export const serverReservedBits = check({
  id: 'ws/framing/server-reserved-bits',
  title: 'sets no reserved bit where no extension was agreed on',
  level: 'MUST',
  clause,
  topic,
  mutants: ['set-rsv1'],
  async run({ connect, expect }) {
    const ws = await connect()
    await ws.expectPong()
    expect(
      ws.frames.every(({ rsv }) => rsv === 0),
      'reserved bits of zero',
      'a frame with a reserved bit came',
    )
  },
})

export const serverOpcodes = check({
  id: 'ws/framing/server-opcodes',
  title: 'sends no frame with a reserved opcode',
  level: 'MUST',
  clause,
  topic,
  mutants: ['send-reserved-opcode'],
  async run({ connect, expect }) {
    const ws = await connect()
    await ws.expectPong()
    const known = ws.frames.every(({ opcode }) => opcode <= 2 || (opcode >= 8 && opcode <= 10))
    expect(known, 'opcodes that RFC 6455 defines', 'a frame with a reserved opcode came')
  },
})

const shortest = (length: number): number => (length < 126 ? 7 : length < 65_536 ? 16 : 64)

export const serverShortLengths = check({
  id: 'ws/framing/server-shortest-length',
  title: 'uses the shortest form for the length of what it sends: a Pong of 125 octets',
  level: 'MUST',
  clause,
  topic,
  mutants: ['pong-length-16-bits'],
  async run({ connect, expect }) {
    const ws = await connect()
    await ws.expectPong(filled(125))
    const holds = ws.frames.every(({ lengthBits, payload }) => lengthBits === shortest(payload.length))
    expect(holds, 'lengths in their shortest form', 'a length in a longer form came')
  },
})

export const serverLongLengths = check({
  id: 'ws/framing/server-shortest-length-echo',
  title: 'uses the shortest form for the length of what it sends: echoes of 125, 126 and 65 536 octets',
  level: 'MUST',
  clause,
  topic,
  needs: ['ws.echo.binary'],
  mutants: ['data-length-64-bits'],
  async run({ connect, expect }) {
    const ws = await connect()
    await ws.expectEcho('binary', filled(125))
    await ws.expectEcho('binary', filled(126))
    await ws.expectEchoOrLimit('binary', filled(65_536))
    const holds = ws.frames.every(({ lengthBits, payload }) => lengthBits === shortest(payload.length))
    expect(holds, 'lengths in their shortest form', 'a length in a longer form came')
  },
})

// --- Lengths ----------------------------------------------------------------------------------------------------------

const lengths = [
  { length: 0, mutants: ['lose-empty-messages'], cases: ['1.1.1', '1.2.1'] },
  { length: 125, mutants: ['lose-messages-of-125'], cases: ['1.1.2', '1.2.2'] },
  { length: 126, mutants: ['lose-messages-of-16-bits'], cases: ['1.1.3', '1.2.3'] },
  { length: 65_535, mutants: ['lose-messages-of-16-bits'], cases: ['1.1.6', '1.2.6'] },
  { length: 65_536, mutants: ['lose-messages-of-64-bits'], cases: ['1.1.7', '1.2.7'] },
] as const

export const echoes = (['text', 'binary'] as const).flatMap((type) =>
  lengths.map(({ length, mutants, cases }) =>
    check({
      id: `ws/framing/${type}-of-${length}`,
      title: `takes and sends a ${type} message of ${length} octets, or says that it is too big`,
      level: 'MUST',
      clause,
      topic,
      needs: [type === 'text' ? 'ws.echo' : 'ws.echo.binary'],
      mutants,
      autobahn: cases[type === 'text' ? 0 : 1],
      async run({ connect }) {
        const ws = await connect()
        await ws.expectEchoOrLimit(type, filled(length, type === 'text' ? 0x61 : 0xfe))
      },
    }),
  ),
)

// --- Frames and segments ------------------------------------------------------------------------------------------

export const byteByByte = check({
  id: 'ws/framing/byte-by-byte',
  title: 'reads a frame that comes octet by octet',
  level: 'MUST',
  clause,
  topic,
  mutants: ['frames-in-one-segment'],
  autobahn: '2.6',
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'ping', payload: 'octet by octet' }, [1])
    await ws.expectPongOf('octet by octet')
  },
})

export const severalInSegment = check({
  id: 'ws/framing/several-in-segment',
  title: 'reads every frame of a segment: the last of three Pings is answered',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '5.5.2' },
  topic,
  mutants: ['first-frame-of-segment-only'],
  autobahn: '2.10',
  async run({ connect, nonce }) {
    const ws = await connect()
    const last = nonce()
    // Only the latest Ping need be answered (5.5.3).
    ws.send([
      { opcode: 'ping', payload: nonce() },
      { opcode: 'ping', payload: nonce() },
      { opcode: 'ping', payload: last },
    ])
    await ws.expectPongOf(last)
  },
})

export const truncated = check({
  id: 'ws/framing/truncated-frame',
  title: 'does not process a frame that was cut by the end of TCP, and ends the connection',
  // SHOULD: that a lost TCP connection ends its WebSocket follows from 7.1.4 without the word MUST.
  level: 'SHOULD',
  clause,
  topic,
  mutants: ['process-truncated-frames'],
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'ping', payload: 'half of it', declaredLength: 20n })
    ws.finish()
    await ws.expectFailed()
  },
})
