import { check, filled, hex } from '#peers/kit'
import type { FrameToSend, HandshakeAnswer, HandshakeChanges, Section, WebSocketPeer } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 769_206,
  title: 'RFC 7692 6 and 7.2: compressed messages',
}

const topic = 'protocol'
const extensions = 'permessage-deflate'
const compressed = { spec: 'RFC7692', section: '6' } as const

const offering = (value: string): HandshakeChanges => ({ with: [['Sec-WebSocket-Extensions', value]] })

/** Null if the server rejected the whole handshake, which it may: then nothing was negotiated. */
async function ifAccepted(answer: HandshakeAnswer): Promise<WebSocketPeer | null> {
  return (answer.head?.status ?? 101) === 101 ? answer.expectAccepted() : null
}

/** "Hello", compressed: the example of RFC 7692 7.2.3.1. */
const hello = 'f248cdc9c90700'

// --- Messages that the target receives ---------------------------------------------------------------------------------

const forms = [
  {
    name: 'one-block',
    title: 'inflates a message of one DEFLATE block',
    section: '7.2.3.1',
    payload: hello,
    mutants: ['deflate-misread'],
  },
  {
    name: 'stored-block',
    title: 'inflates a DEFLATE block with no compression',
    section: '7.2.3.3',
    payload: '000500faff48656c6c6f00',
    mutants: ['deflate-refuse-stored-block'],
  },
  {
    name: 'final-block',
    title: 'inflates a DEFLATE block with BFINAL set',
    section: '7.2.3.4',
    payload: 'f348cdc9c9070000',
    mutants: ['deflate-refuse-final-block'],
  },
  {
    name: 'two-blocks',
    title: 'inflates a message of two DEFLATE blocks',
    section: '7.2.3.5',
    payload: 'f248050000 00ffff cac9c90700',
    mutants: ['deflate-first-block-only'],
  },
]

export const inflated = forms.map(({ name, title, section, payload, mutants }) =>
  check({
    id: `ws/deflate/inflates-${name}`,
    title,
    level: 'MUST',
    clause: { spec: 'RFC7692', section },
    topic,
    needs: ['ws.echo', 'ws.deflate'],
    mutants,
    async run({ connect }) {
      const ws = await connect({ extensions })
      ws.sendDeflated('text', hex(payload))
      await ws.expectMessage('text', 'Hello')
    },
  }),
)

export const contextKept = check({
  id: 'ws/deflate/inflates-with-context',
  title: 'inflates a message that refers to the previous message',
  level: 'MUST',
  clause: { spec: 'RFC7692', section: '7.2.3.2' },
  topic,
  needs: ['ws.echo', 'ws.deflate'],
  mutants: ['deflate-forget-context'],
  async run({ connect }) {
    const ws = await connect({ extensions })
    ws.sendDeflated('text', hex(hello))
    await ws.expectMessage('text', 'Hello')
    // A server may require, without an offer, that the client use no context takeover (7.1.1.2).
    const forbidden =
      ws.response.get('Sec-WebSocket-Extensions')?.includes('client_no_context_takeover') ?? false
    ws.sendDeflated('text', hex(forbidden ? hello : 'f200110000'))
    await ws.expectMessage('text', 'Hello')
  },
})

export const emptyMessage = check({
  id: 'ws/deflate/inflates-empty',
  title: 'inflates an empty compressed message',
  level: 'MUST',
  clause: { spec: 'RFC7692', section: '7.2.3.6' },
  topic,
  needs: ['ws.echo', 'ws.deflate'],
  mutants: ['deflate-refuse-empty'],
  async run({ connect }) {
    const ws = await connect({ extensions })
    ws.sendDeflated('text', hex('00'))
    await ws.expectMessage('text', '')
  },
})

export const inFragments = check({
  id: 'ws/deflate/inflates-fragments',
  title: 'reassembles a compressed message from its fragments to inflate it',
  level: 'MUST',
  clause: { spec: 'RFC7692', section: '6.2' },
  topic,
  needs: ['ws.echo', 'ws.deflate'],
  after: ['ws/fragmentation/text-in-2'],
  mutants: ['deflate-refuse-fragments'],
  async run({ connect }) {
    const ws = await connect({ extensions })
    ws.sendDeflated('text', hex(hello), 3)
    await ws.expectMessage('text', 'Hello')
  },
})

export const uncompressed = check({
  id: 'ws/deflate/uncompressed-accepted',
  title: 'accepts an uncompressed message on a compressed connection',
  level: 'MUST',
  clause: compressed,
  topic,
  needs: ['ws.echo', 'ws.deflate'],
  mutants: ['deflate-refuse-uncompressed'],
  async run({ connect }) {
    const ws = await connect({ extensions })
    await ws.expectEcho('text', 'not compressed')
  },
})

// --- Messages that the target sends -----------------------------------------------------------------------------------

export const roundTrip = check({
  id: 'ws/deflate/sends-inflatable',
  title: 'sends compressed messages that inflate to the original payload',
  level: 'MUST',
  clause: { spec: 'RFC7692', section: '7.2.1' },
  topic,
  needs: ['ws.echo', 'ws.deflate'],
  mutants: ['deflate-damage'],
  async run({ connect, inSequence }) {
    const ws = await connect({ extensions })
    await inSequence(4, (index) => ws.expectEcho('text', `again and again, ${index} `.repeat(8 ** index)))
  },
})

export const contextForgotten = check({
  id: 'ws/deflate/sends-without-context',
  title: 'sends self-contained messages under server_no_context_takeover',
  level: 'MUST',
  clause: { spec: 'RFC7692', section: '7.1.1.1' },
  topic,
  needs: ['ws.echo', 'ws.deflate'],
  mutants: ['deflate-keep-context'],
  async run({ handshake, inSequence }) {
    const ws = await ifAccepted(await handshake(offering(`${extensions}; server_no_context_takeover`)))
    if (ws === null) return
    await inSequence(3, () => ws.expectEcho('text', 'the same words, again and again, the same words'))
  },
})

export const windowKept = check({
  id: 'ws/deflate/sends-within-window',
  title: 'refers back no further than the negotiated server window',
  level: 'MUST',
  clause: { spec: 'RFC7692', section: '7.1.2.1' },
  topic,
  needs: ['ws.echo.binary', 'ws.deflate'],
  mutants: ['deflate-exceed-window'],
  async run({ handshake, inSequence, randomBytes }) {
    const ws = await ifAccepted(await handshake(offering(`${extensions}; server_max_window_bits=9`)))
    if (ws === null) return
    // Random bytes compress only by a reference to the same bytes, 4 KiB back.
    const noise = randomBytes(4096)
    await inSequence(3, () => ws.expectEcho('binary', noise))
  },
})

export const controlUncompressed = check({
  id: 'ws/deflate/control-frames-uncompressed',
  title: 'sends control frames without RSV1 on a compressed connection',
  level: 'MUST',
  clause: compressed,
  topic,
  needs: ['ws.deflate'],
  mutants: ['deflate-mark-pongs'],
  async run({ connect, expect }) {
    const ws = await connect({ extensions })
    await ws.expectPong(filled(100))
    const plain = ws.frames.every(({ opcode, rsv }) => opcode < 8 || rsv === 0)
    expect(plain, 'control frames without reserved bits', 'a control frame with a reserved bit')
  },
})

export const continuationsUnmarked = check({
  id: 'ws/deflate/first-frame-marked-only',
  title: 'sets RSV1 only on the first frame of a compressed message',
  level: 'MUST',
  clause: compressed,
  topic,
  needs: ['ws.echo.binary', 'ws.deflate'],
  mutants: ['deflate-mark-continuations'],
  async run({ connect, expect, randomBytes }) {
    const ws = await connect({ extensions })
    await ws.expectEcho('binary', randomBytes(20_000))
    const plain = ws.frames.every(({ opcode, rsv }) => opcode !== 0 || rsv === 0)
    expect(plain, 'continuation frames without reserved bits', 'a continuation frame with a reserved bit')
  },
})

// --- What fails the connection ----------------------------------------------------------------------------------------

interface Failing {
  readonly name: string
  readonly title: string
  readonly frames: readonly FrameToSend[]
  readonly mutants: readonly string[]
}

const failing: readonly Failing[] = [
  {
    name: 'ping-marked',
    title: 'fails a compressed connection on a Ping with RSV1',
    frames: [{ opcode: 'ping', payload: 'compressed', rsv: 4 }],
    mutants: ['deflate-accept-marked-control'],
  },
  {
    name: 'continuation-marked',
    title: 'fails a compressed connection on a continuation frame with RSV1',
    frames: [
      { opcode: 'text', payload: hex('f248'), rsv: 4, fin: false },
      { opcode: 'continuation', payload: hex('cdc9c90700'), rsv: 4 },
    ],
    mutants: ['deflate-accept-marked-continuation'],
  },
]

export const failed = failing.map(({ name, title, frames, mutants }) =>
  check({
    id: `ws/deflate/${name}`,
    title,
    level: 'MUST',
    clause: compressed,
    topic,
    needs: ['ws.deflate'],
    mutants,
    async run({ connect }) {
      const ws = await connect({ extensions })
      ws.send(frames)
      await ws.expectFailed()
    },
  }),
)

export const corrupt = check({
  id: 'ws/deflate/corrupt',
  title: 'fails the connection on a message with invalid DEFLATE data',
  // SHOULD: the clause says how to inflate a message, not what to do if that fails.
  level: 'SHOULD',
  clause: { spec: 'RFC7692', section: '6.2' },
  topic,
  needs: ['ws.deflate'],
  mutants: ['deflate-ignore-corrupt'],
  async run({ connect }) {
    const ws = await connect({ extensions })
    ws.sendDeflated('binary', hex('ffffffffff'))
    await ws.expectFailed()
  },
})

export const notUtf8 = check({
  id: 'ws/deflate/not-utf8',
  title: 'fails the connection on compressed text that is not UTF-8',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '8.1' },
  topic,
  needs: ['ws.deflate'],
  mutants: ['deflate-skip-utf8'],
  async run({ connect }) {
    const ws = await connect({ extensions })
    // C0 AF, an overlong form.
    ws.sendDeflated('text', hex('3ab01e00'))
    await ws.expectFailed()
  },
})
