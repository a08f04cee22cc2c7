import { check, filled } from '#peers/kit'
import type { Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 50201,
  title: 'RFC 6455 5.2: payload length',
}

const clause = { spec: 'RFC6455', section: '5.2' } as const
const topic = 'protocol'

// --- Lengths that the target sends ------------------------------------------------------------------------------------

/** Width in bits of the minimal length field for a payload of that many bytes. */
const minimalLengthBits = (length: number): number => (length < 126 ? 7 : length < 65_536 ? 16 : 64)

export const minimalForPong = check({
  id: 'ws/framing/server-shortest-length',
  title: 'uses the minimal length encoding for a 125-byte Pong',
  level: 'MUST',
  clause,
  topic,
  mutants: ['pong-length-16-bits'],
  async run({ connect, expect }) {
    const ws = await connect()
    await ws.expectPong(filled(125))
    const holds = ws.frames.every(
      ({ lengthBits, payload }) => lengthBits === minimalLengthBits(payload.length),
    )
    expect(holds, 'lengths in the minimal encoding', 'a length in a longer encoding')
  },
})

export const minimalForEchoes = check({
  id: 'ws/framing/server-shortest-length-echo',
  title: 'uses the minimal length encoding for 125, 126 and 65536-byte echoes',
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
    const holds = ws.frames.every(
      ({ lengthBits, payload }) => lengthBits === minimalLengthBits(payload.length),
    )
    expect(holds, 'lengths in the minimal encoding', 'a length in a longer encoding')
  },
})

// --- Lengths that the target receives ---------------------------------------------------------------------------------

const emptyLost = ['lose-empty-messages']
const lengthOf125Lost = ['lose-messages-of-125']
const lengthsOf16BitsLost = ['lose-messages-of-16-bits']
const lengthsOf64BitsLost = ['lose-messages-of-64-bits']

const textLengths = [
  {
    length: 0,
    title: 'echoes a text message of 0 bytes, or closes with 1009',
    mutants: emptyLost,
    autobahn: '1.1.1',
  },
  {
    length: 125,
    title: 'echoes a text message of 125 bytes, or closes with 1009',
    mutants: lengthOf125Lost,
    autobahn: '1.1.2',
  },
  {
    length: 126,
    title: 'echoes a text message of 126 bytes, or closes with 1009',
    mutants: lengthsOf16BitsLost,
    autobahn: '1.1.3',
  },
  {
    length: 65_535,
    title: 'echoes a text message of 65535 bytes, or closes with 1009',
    mutants: lengthsOf16BitsLost,
    autobahn: '1.1.6',
  },
  {
    length: 65_536,
    title: 'echoes a text message of 65536 bytes, or closes with 1009',
    mutants: lengthsOf64BitsLost,
    autobahn: '1.1.7',
  },
]

export const textEchoes = textLengths.map(({ length, title, mutants, autobahn }) =>
  check({
    id: `ws/framing/text-of-${length}`,
    title,
    level: 'MUST',
    clause,
    topic,
    needs: ['ws.echo'],
    mutants,
    autobahn,
    async run({ connect }) {
      const ws = await connect()
      await ws.expectEchoOrLimit('text', filled(length, 0x61))
    },
  }),
)

const binaryLengths = [
  {
    length: 0,
    title: 'echoes a binary message of 0 bytes, or closes with 1009',
    mutants: emptyLost,
    autobahn: '1.2.1',
  },
  {
    length: 125,
    title: 'echoes a binary message of 125 bytes, or closes with 1009',
    mutants: lengthOf125Lost,
    autobahn: '1.2.2',
  },
  {
    length: 126,
    title: 'echoes a binary message of 126 bytes, or closes with 1009',
    mutants: lengthsOf16BitsLost,
    autobahn: '1.2.3',
  },
  {
    length: 65_535,
    title: 'echoes a binary message of 65535 bytes, or closes with 1009',
    mutants: lengthsOf16BitsLost,
    autobahn: '1.2.6',
  },
  {
    length: 65_536,
    title: 'echoes a binary message of 65536 bytes, or closes with 1009',
    mutants: lengthsOf64BitsLost,
    autobahn: '1.2.7',
  },
]

export const binaryEchoes = binaryLengths.map(({ length, title, mutants, autobahn }) =>
  check({
    id: `ws/framing/binary-of-${length}`,
    title,
    level: 'MUST',
    clause,
    topic,
    needs: ['ws.echo.binary'],
    mutants,
    autobahn,
    async run({ connect }) {
      const ws = await connect()
      await ws.expectEchoOrLimit('binary', filled(length, 0xfe))
    },
  }),
)
