import { check } from '#peers/kit'
import type { Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 110304,
  title: 'RFC 6455 11.3.4: subprotocols',
}

const topic = 'protocol'
const header = 'Sec-WebSocket-Protocol'

export const withoutOffer = check({
  id: 'ws/subprotocols/none-without-offer',
  title: 'names no subprotocol when none was offered',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.2.2' },
  topic,
  mutants: ['subprotocol-without-offer'],
  async run({ connect, handshake, expect }) {
    await connect()
    const { head } = await handshake({ without: [header] })
    expect(head !== null, 'an HTTP response', 'no response')
    const given = head?.status === 101 && head.get(header) !== null
    expect(!given, `no ${header} header`, `a ${header} header`)
  },
})

export const amongOffered = check({
  id: 'ws/subprotocols/among-offered',
  title: 'selects one of the offered subprotocols, or none',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.2.2' },
  topic,
  mutants: ['subprotocol-not-offered'],
  async run({ connect, handshake, expect }) {
    await connect()
    const offered = ['streamproof.unknown.1', 'streamproof.unknown.2']
    const { head } = await handshake({ with: [[header, offered.join(', ')]] })
    expect(head !== null, 'an HTTP response', 'no response')
    const given = head?.status === 101 ? head.get(header) : null
    expect(
      given === null || offered.includes(given),
      `one of the offered subprotocols, or no ${header} header`,
      // An empty value differs from no header, and is "not a legal value" (4.2.2).
      given === '' ? 'a header with an empty value' : (given ?? ''),
    )
  },
})

export const single = check({
  id: 'ws/subprotocols/single',
  title: 'names at most one subprotocol, in at most one header field',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '11.3.4' },
  topic,
  needs: ['ws.subprotocol'],
  mutants: ['two-subprotocols'],
  async run({ websocket, handshake, expect }) {
    const offered = [...websocket.subprotocols, 'streamproof.unknown']
    const answer = await handshake({ with: [[header, offered.join(', ')]] })
    const { response } = await answer.expectAccepted()
    const given = response.all(header).flatMap((value) => value.split(','))
    expect(given.length <= 1, 'at most one subprotocol', `${given.length} subprotocols`)
  },
})

export const severalLines = check({
  id: 'ws/subprotocols/several-lines',
  title: 'reads subprotocols on several header lines as one list',
  // SHOULD: both forms are logically the same (11.3.4), but a server may always select none.
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '11.3.4' },
  topic,
  needs: ['ws.subprotocol'],
  mutants: ['first-subprotocol-line-only'],
  async run({ websocket, handshake, expect }) {
    const offered = ['streamproof.unknown', ...websocket.subprotocols]
    const joined = await (await handshake({ with: [[header, offered.join(', ')]] })).expectAccepted()
    const split = await (
      await handshake({ with: offered.map((subprotocol) => [header, subprotocol] as const) })
    ).expectAccepted()
    const same = joined.response.get(header) === split.response.get(header)
    expect(same, 'the same subprotocol as for one header line', 'a different subprotocol')
  },
})

const malformed = [
  { name: 'empty', title: 'rejects an empty Sec-WebSocket-Protocol header', value: '' },
  { name: 'no-token', title: 'rejects a subprotocol that is not a token', value: 'stream proof' },
  {
    name: 'repeated',
    title: 'rejects a subprotocol that is offered twice',
    value: 'streamproof.a, streamproof.a',
  },
]

export const malformedRejected = malformed.map(({ name, title, value }) =>
  check({
    id: `ws/subprotocols/malformed-${name}`,
    title,
    // SHOULD: the rule binds the client (4.1), and a server without subprotocols need not read the header.
    level: 'SHOULD',
    clause: { spec: 'RFC6455', section: '4.2.1' },
    topic,
    mutants: ['allow-malformed-subprotocols'],
    async run({ connect, handshake }) {
      await connect()
      const answer = await handshake({ with: [[header, value]] })
      answer.expectRefused()
    },
  }),
)
