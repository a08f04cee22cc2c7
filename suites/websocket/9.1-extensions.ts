import { check } from '#peers/kit'
import type { Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 90100,
  title: 'RFC 6455 9.1: negotiating extensions',
}

const topic = 'protocol'
const header = 'Sec-WebSocket-Extensions'

export const withoutOffer = check({
  id: 'ws/extensions/none-without-offer',
  title: 'names no extension when none was offered',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.2.2' },
  topic,
  mutants: ['extension-without-offer', 'deflate-without-offer'],
  async run({ handshake, expect }) {
    const { response } = await (await handshake({ without: [header] })).expectAccepted()
    const given = response.get(header)
    expect(given === null, `no ${header} header`, given ?? '')
  },
})

export const unknown = check({
  id: 'ws/extensions/unknown-not-accepted',
  title: 'does not accept an unknown extension',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '9.1' },
  topic,
  mutants: ['extension-echoed'],
  async run({ connect, handshake, expect }) {
    await connect()
    const { head, ending } = await handshake({ with: [[header, 'x-streamproof-unknown']] })
    expect(head !== null || ending !== null, 'an HTTP response', 'no response')
    const accepted = head?.status === 101 && head.list(header).length > 0
    expect(!accepted, 'no extension accepted', 'the unknown extension was accepted')
  },
})

const malformed = [
  { name: 'without-name', title: 'rejects an extension offer without a name', value: ';;' },
  {
    name: 'parameter-without-name',
    title: 'rejects an extension parameter without a name',
    value: 'x-streamproof; =1',
  },
  {
    name: 'parameter-without-value',
    title: 'rejects an extension parameter with an equals sign but no value',
    value: 'x-streamproof; a=',
  },
  {
    name: 'open-quote',
    title: 'rejects an extension parameter with an unclosed quote',
    value: 'x-streamproof; a="b',
  },
]

export const malformedRejected = malformed.map(({ name, title, value }) =>
  check({
    id: `ws/extensions/malformed-${name}`,
    title,
    level: 'MUST',
    clause: { spec: 'RFC6455', section: '9.1' },
    topic,
    // The rule is about values received during negotiation: a server without extensions does not negotiate.
    needs: ['ws.deflate'],
    mutants: ['allow-malformed-extensions'],
    async run({ connect, handshake }) {
      await connect()
      const answer = await handshake({ with: [[header, value]] })
      answer.expectRefused()
    },
  }),
)

export const quotedValue = check({
  id: 'ws/extensions/quoted-value',
  title: 'accepts an extension offer with a quoted parameter value',
  // SHOULD: the grammar allows quoted values, but a server may reject a handshake for any reason.
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '9.1' },
  topic,
  mutants: ['refuse-quoted-parameters'],
  async run({ connect, handshake }) {
    await connect()
    const answer = await handshake({ with: [[header, 'permessage-deflate; client_max_window_bits="10"']] })
    await answer.expectAccepted()
  },
})

export const splitLines = check({
  id: 'ws/extensions/several-lines',
  title: 'reads extension offers on several header lines as one list',
  // SHOULD: both forms are the same offer (9.1), but a server may decline any offer.
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '9.1' },
  topic,
  needs: ['ws.deflate'],
  mutants: ['first-extension-line-only'],
  async run({ handshake, expect }) {
    const offer = ['x-streamproof-unknown', 'permessage-deflate'] as const
    const joined = await (await handshake({ with: [[header, offer.join(', ')]] })).expectAccepted()
    const split = await (
      await handshake({ with: offer.map((extension) => [header, extension] as const) })
    ).expectAccepted()
    const [fromOneLine, fromSeveral] = [joined, split].map(
      ({ response }) => response.list(header).join(', ') || 'none',
    )
    expect(
      fromOneLine === fromSeveral,
      'the same extensions as for one header line',
      `${fromSeveral} instead of ${fromOneLine}`,
    )
  },
})
