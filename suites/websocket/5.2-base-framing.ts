import { check } from '#peers/kit'
import type { FrameToSend, Section } from '#peers/kit'

export const section: Section = { protocol: 'websocket', order: 50200, title: 'RFC 6455 5.2: base framing' }

const clause = { spec: 'RFC6455', section: '5.2' } as const
const topic = 'protocol'

// --- Frames that fail the connection --------------------------------------------------------------------------------

interface Failing {
  readonly name: string
  readonly title: string
  readonly frames: readonly FrameToSend[]
  readonly mutants: readonly string[]
  readonly autobahn?: string
}

const failing: readonly Failing[] = [
  {
    name: 'rsv1-text',
    title: 'fails the connection on a text frame with RSV1',
    frames: [{ opcode: 'text', payload: 'reserved', rsv: 4 }],
    mutants: ['accept-rsv1', 'accept-everything'],
    autobahn: '3.4',
  },
  {
    name: 'rsv2-text',
    title: 'fails the connection on a text frame with RSV2',
    frames: [{ opcode: 'text', payload: 'reserved', rsv: 2 }],
    mutants: ['accept-rsv2'],
    autobahn: '3.2',
  },
  {
    name: 'rsv3-binary',
    title: 'fails the connection on a binary frame with RSV3',
    frames: [{ opcode: 'binary', payload: 'reserved', rsv: 1 }],
    mutants: ['accept-rsv3'],
    autobahn: '3.5',
  },
  {
    name: 'rsv-ping',
    title: 'fails the connection on a Ping with all reserved bits',
    frames: [{ opcode: 'ping', payload: 'reserved', rsv: 7 }],
    mutants: ['accept-rsv-control'],
    autobahn: '3.6',
  },
  {
    name: 'opcode-3',
    title: 'fails the connection on the reserved opcode 0x3',
    frames: [{ opcode: 0x3, payload: 'reserved' }],
    mutants: ['ignore-reserved-data-opcodes'],
    autobahn: '4.1.1',
  },
  {
    name: 'opcode-7',
    title: 'fails the connection on the reserved opcode 0x7',
    frames: [{ opcode: 0x7, payload: 'reserved' }],
    mutants: ['ignore-reserved-data-opcodes'],
    autobahn: '4.1.5',
  },
  {
    name: 'opcode-b',
    title: 'fails the connection on the reserved opcode 0xB',
    frames: [{ opcode: 0xb, payload: 'reserved' }],
    mutants: ['ignore-reserved-control-opcodes'],
    autobahn: '4.2.1',
  },
  {
    name: 'opcode-f',
    title: 'fails the connection on the reserved opcode 0xF',
    frames: [{ opcode: 0xf, payload: 'reserved' }],
    mutants: ['ignore-reserved-control-opcodes'],
    autobahn: '4.2.5',
  },
  {
    name: 'opcode-in-fragment',
    title: 'fails the connection on a reserved opcode inside a fragmented message',
    frames: [
      { opcode: 'text', payload: 'abc', fin: false },
      { opcode: 0x3, payload: 'reserved' },
    ],
    mutants: ['ignore-reserved-opcodes-in-fragment'],
  },
  {
    name: 'length-highest-bit',
    title: 'fails the connection on a 64-bit length with its highest bit set',
    frames: [{ opcode: 'binary', payload: 'length', lengthBits: 64, declaredLength: 2n ** 63n + 6n }],
    mutants: ['accept-length-highest-bit'],
  },
]

export const failed = failing.map(({ name, title, frames, mutants, autobahn }) =>
  check({
    id: `ws/framing/${name}`,
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

// --- Frames that the target sends ---------------------------------------------------------------------------------------

export const serverReservedBits = check({
  id: 'ws/framing/server-reserved-bits',
  title: 'sets no reserved bit without a negotiated extension',
  level: 'MUST',
  clause,
  topic,
  mutants: ['set-rsv1'],
  async run({ connect, expect }) {
    const ws = await connect()
    await ws.expectPong()
    expect(
      ws.frames.every(({ rsv }) => rsv === 0),
      'frames without reserved bits',
      'a frame with a reserved bit',
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
    const defined = ws.frames.every(({ opcode }) => opcode <= 2 || (opcode >= 8 && opcode <= 10))
    expect(defined, 'opcodes that RFC 6455 defines', 'a frame with a reserved opcode')
  },
})

// --- Frames and segments ------------------------------------------------------------------------------------------

export const byteByByte = check({
  id: 'ws/framing/byte-by-byte',
  title: 'reads a frame that arrives in 1-byte segments',
  level: 'MUST',
  clause,
  topic,
  mutants: ['frames-in-one-segment'],
  autobahn: '2.6',
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'ping', payload: 'byte by byte' }, [1])
    await ws.expectPongOf('byte by byte')
  },
})

export const severalInSegment = check({
  id: 'ws/framing/several-in-segment',
  title: 'answers the last of three Pings sent in one segment',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '5.5.2' },
  topic,
  mutants: ['first-frame-of-segment-only'],
  autobahn: '2.10',
  async run({ connect, nonce }) {
    const ws = await connect()
    const last = nonce()
    // A server may answer the most recent Ping only (5.5.3).
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
  title: 'closes when TCP ends inside a frame, without processing the frame',
  // SHOULD: 7.1.4 says without a MUST that a closed TCP connection closes its WebSocket connection.
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
