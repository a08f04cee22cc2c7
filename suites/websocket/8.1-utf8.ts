import { check, hex } from '#peers/kit'
import type { Section } from '#peers/kit'

export const section: Section = { protocol: 'websocket', order: 80100, title: 'RFC 6455 8.1 and 5.6: UTF-8' }

const clause = { spec: 'RFC6455', section: '8.1' } as const
const data = { spec: 'RFC6455', section: '5.6' } as const
const topic = 'protocol'

/** The bytes after "text: ", so that the payload is long enough to recognise in an echo. */
const text = (bytes: string): Uint8Array => hex(`74 65 78 74 3a 20 ${bytes}`)

// --- Valid UTF-8 ------------------------------------------------------------------------------------------------------

const valid = [
  {
    name: 'nul',
    title: 'echoes text that contains NUL',
    bytes: '00 61',
    mutants: ['refuse-nul'],
    autobahn: '6.7.1',
  },
  {
    name: 'four-octets',
    title: 'echoes text that contains a 4-byte UTF-8 character',
    bytes: 'f0 9d 84 9e',
    mutants: ['refuse-four-byte-characters'],
  },
  {
    name: 'noncharacter',
    title: 'echoes text that contains the noncharacter U+FFFF',
    bytes: 'ef bf bf',
    mutants: ['refuse-noncharacters'],
    autobahn: '6.9.3',
  },
  {
    name: 'byte-order-mark',
    title: 'echoes text that begins with U+FEFF',
    bytes: 'ef bb bf 61',
    mutants: ['strip-byte-order-mark'],
  },
]

export const accepted = valid.map(({ name, title, bytes, mutants, ...rest }) =>
  check({
    id: `ws/utf8/valid-${name}`,
    title,
    level: 'MUST',
    clause: data,
    topic,
    needs: ['ws.echo'],
    mutants,
    ...rest,
    async run({ connect }) {
      const ws = await connect()
      // U+FEFF is a byte order mark only at the start of the text.
      await ws.expectEcho('text', name === 'byte-order-mark' ? hex(bytes) : text(bytes))
    },
  }),
)

export const splitCharacter = check({
  id: 'ws/utf8/split-character',
  title: 'accepts a UTF-8 character that is split across two fragments',
  level: 'MUST',
  clause: data,
  topic,
  needs: ['ws.echo'],
  mutants: ['utf8-per-fragment'],
  autobahn: '6.2.3',
  async run({ connect }) {
    const ws = await connect()
    ws.send([
      { opcode: 'text', payload: text('e2 82'), fin: false },
      { opcode: 'continuation', payload: hex('ac') },
    ])
    await ws.expectMessage('text', text('e2 82 ac'))
  },
})

export const binaryUnchecked = check({
  id: 'ws/utf8/binary-unchecked',
  title: 'does not require binary messages to be UTF-8',
  level: 'MUST',
  clause: data,
  topic: 'limitations',
  needs: ['ws.echo.binary'],
  mutants: ['check-binary-for-utf8'],
  expectations: ['EXP-LIM-2'],
  async run({ connect }) {
    const ws = await connect()
    await ws.expectEcho('binary', hex('00 ff fe c0 af ed a0 80 f4 90 80 80'))
  },
})

export const allBytes = check({
  id: 'ws/utf8/binary-all-octets',
  title: 'echoes all 256 byte values in a binary message',
  level: 'MUST',
  clause: data,
  topic: 'limitations',
  needs: ['ws.echo.binary'],
  mutants: ['echo-seven-bits', 'binary-becomes-text'],
  expectations: ['EXP-LIM-2'],
  async run({ connect }) {
    const ws = await connect()
    await ws.expectEcho(
      'binary',
      Uint8Array.from({ length: 256 }, (_none, value) => value),
    )
  },
})

export const textAsText = check({
  id: 'ws/utf8/text-as-text',
  title: 'echoes a text message as text',
  level: 'MUST',
  clause: data,
  topic: 'limitations',
  needs: ['ws.echo'],
  mutants: ['text-becomes-binary'],
  expectations: ['EXP-LIM-2'],
  async run({ connect }) {
    const ws = await connect()
    await ws.expectEcho('text', 'Grüße, 世界, 𝄞')
  },
})

// --- Invalid UTF-8 ----------------------------------------------------------------------------------------------------

interface Invalid {
  readonly name: string
  readonly title: string
  readonly bytes: string
  readonly mutants: readonly string[]
  readonly autobahn?: string
}

const invalid: readonly Invalid[] = [
  {
    name: 'overlong',
    title: 'fails the connection on text with an overlong UTF-8 form',
    bytes: 'c0 af',
    mutants: ['accept-overlong-utf8', 'accept-everything'],
    autobahn: '6.17.1',
  },
  {
    name: 'surrogate',
    title: 'fails the connection on text with an encoded surrogate',
    bytes: 'ed a0 80',
    mutants: ['accept-surrogates'],
    autobahn: '6.20.1',
  },
  {
    name: 'too-large',
    title: 'fails the connection on text with a code point above U+10FFFF',
    bytes: 'f4 90 80 80',
    mutants: ['accept-code-points-too-large'],
    autobahn: '6.11.5',
  },
  {
    name: 'truncated',
    title: 'fails the connection on text that ends inside a character',
    bytes: 'e2 82',
    mutants: ['accept-truncated-utf8'],
    autobahn: '6.14.2',
  },
  {
    name: 'lone-continuation',
    title: 'fails the connection on text with a lone continuation byte',
    bytes: '80',
    mutants: ['accept-lone-continuation-bytes'],
    autobahn: '6.12.1',
  },
  {
    name: 'impossible-octet',
    title: 'fails the connection on text with the byte 0xFF',
    bytes: 'ff',
    mutants: ['accept-impossible-bytes'],
    autobahn: '6.16.2',
  },
]

export const rejected = invalid.map(({ name, title, bytes, mutants, autobahn }) =>
  check({
    id: `ws/utf8/${name}`,
    title,
    level: 'MUST',
    clause,
    topic,
    mutants,
    ...(autobahn === undefined ? {} : { autobahn }),
    async run({ connect }) {
      const ws = await connect()
      ws.send({ opcode: 'text', payload: text(bytes) })
      await ws.expectFailed()
    },
  }),
)

export const overFragments = check({
  id: 'ws/utf8/over-fragments',
  title: 'fails the connection on a surrogate split across two fragments',
  level: 'MUST',
  clause,
  topic,
  mutants: ['check-first-fragment-only'],
  autobahn: '6.3.2',
  async run({ connect }) {
    const ws = await connect()
    ws.send([
      { opcode: 'text', payload: text('ed'), fin: false },
      { opcode: 'continuation', payload: hex('a0 80') },
    ])
    await ws.expectFailed()
  },
})

export const invalidCode = check({
  id: 'ws/utf8/code-1007',
  title: 'closes with 1007 when text is not UTF-8',
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '7.4.1' },
  topic,
  after: ['ws/utf8/impossible-octet'],
  mutants: ['utf8-error-as-1002'],
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'text', payload: text('ff') })
    await ws.expectFailedWith(1007)
  },
})

export const failFast = check({
  id: 'ws/utf8/fails-fast',
  title: 'fails the connection at the first invalid byte of a text message',
  // INFO: no clause requires it.
  level: 'INFO',
  clause,
  topic,
  after: ['ws/utf8/impossible-octet'],
  mutants: ['utf8-checked-at-end'],
  autobahn: '6.4.1',
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'text', payload: text('ff'), fin: false })
    await ws.expectFailed()
  },
})
