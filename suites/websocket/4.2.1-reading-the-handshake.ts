import { check } from '#peers/kit'
import type { Clause, HandshakeChanges, Level, Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 40201,
  title: 'RFC 6455 4.2.1: reading the opening handshake',
}

const topic = 'protocol'
const accepting: Clause = { spec: 'RFC6455', section: '4.2.2' }
const reading: Clause = { spec: 'RFC6455', section: '4.2.1' }

/** The sample key of RFC 6455 1.3. */
const sampleKey = 'dGhlIHNhbXBsZSBub25jZQ=='

// --- Valid handshakes in unusual forms -----------------------------------------------------------------------------

interface Accepted {
  readonly name: string
  readonly title: string
  readonly changes: HandshakeChanges
  readonly mutants: readonly string[]
  readonly clause?: Clause
}

const validHandshakes: readonly Accepted[] = [
  {
    name: 'upgrade-any-case',
    title: 'compares the Upgrade header value case-insensitively',
    changes: { with: [['Upgrade', 'WebSocket']] },
    mutants: ['upgrade-case-sensitive'],
  },
  {
    name: 'connection-list',
    title: 'finds the upgrade token in a Connection list, case-insensitively',
    changes: { with: [['Connection', 'keep-alive, UPGRADE']] },
    mutants: ['connection-not-a-list'],
  },
  {
    name: 'header-order',
    title: 'accepts handshake headers in any order',
    changes: { rewrite: (headers) => headers.toReversed() },
    mutants: ['header-order-matters'],
  },
  {
    name: 'header-names-lower-case',
    title: 'accepts header names in lower case',
    changes: { rewrite: (headers) => headers.map(([name, value]) => [name.toLowerCase(), value]) },
    mutants: ['header-names-case-sensitive'],
    clause: { spec: 'RFC9110', section: '5.1' },
  },
  {
    name: 'header-names-upper-case',
    title: 'accepts header names in upper case',
    changes: { rewrite: (headers) => headers.map(([name, value]) => [name.toUpperCase(), value]) },
    mutants: ['header-names-case-sensitive'],
    clause: { spec: 'RFC9110', section: '5.1' },
  },
  {
    name: 'unknown-headers',
    title: 'ignores unknown header fields',
    changes: {
      with: [
        ['X-Streamproof-Unknown', '1'],
        ['Sec-WebSocket-Streamproof', '1'],
      ],
    },
    mutants: ['refuse-unknown-headers'],
  },
  {
    name: 'absolute-target',
    title: 'accepts a request target in absolute form',
    changes: { target: 'absolute' },
    mutants: ['refuse-absolute-target'],
    clause: { spec: 'RFC9112', section: '3.2.2' },
  },
  {
    name: 'in-pieces',
    title: 'accepts a handshake that arrives in 7-byte segments',
    changes: { segments: [7] },
    mutants: ['refuse-segmented-handshake'],
    clause: { spec: 'RFC9112', section: '2.2' },
  },
]

export const accepted = validHandshakes.map(({ name, title, changes, mutants, clause = reading }) =>
  check({
    id: `ws/handshake/${name}`,
    title,
    level: 'MUST',
    clause,
    topic,
    mutants,
    async run({ handshake }) {
      const ws = await (await handshake(changes)).expectAccepted()
      await ws.expectPong()
    },
  }),
)

// --- Handshakes that must be rejected ------------------------------------------------------------------------------

interface Rejected {
  readonly name: string
  readonly title: string
  readonly changes: HandshakeChanges
  readonly mutants: readonly string[]
  readonly level?: Level
  readonly clause?: Clause
}

/** Checks use 99, which no draft of the protocol had. They do not use 8: a server may support the draft with that number. */
const version = (value: string): HandshakeChanges => ({ with: [['Sec-WebSocket-Version', value]] })
const key = (value: string): HandshakeChanges => ({ with: [['Sec-WebSocket-Key', value]] })
const everything = 'accept-everything'

const invalidHandshakes: readonly Rejected[] = [
  {
    name: 'key-missing',
    title: 'rejects a handshake without Sec-WebSocket-Key',
    changes: { without: ['Sec-WebSocket-Key'] },
    mutants: ['allow-missing-key', everything, 'mute', 'dead'],
  },
  // SHOULD: 4.2.1 requires a key that decodes to 16 bytes, while 4.2.2 says that a server need not decode it.
  {
    name: 'key-too-short',
    title: 'rejects a handshake whose key decodes to 15 bytes',
    changes: key('c3RyZWFtcHJvb2YgMTUh'),
    mutants: ['allow-malformed-key'],
    level: 'SHOULD',
  },
  {
    name: 'key-too-long',
    title: 'rejects a handshake whose key decodes to 17 bytes',
    changes: key('c3RyZWFtcHJvb2YgMTcuLiE='),
    mutants: ['allow-malformed-key'],
    level: 'SHOULD',
  },
  {
    name: 'key-not-base64',
    title: 'rejects a handshake whose key is not base64',
    changes: key('!!!!!!!!!!!!!!!!!!!!!!=='),
    mutants: ['allow-malformed-key'],
    level: 'SHOULD',
  },
  // SHOULD: the rule that the header occurs once binds the client, and a server need not decode the key.
  {
    name: 'key-twice',
    title: 'rejects a handshake with two Sec-WebSocket-Key headers',
    changes: { extra: [['Sec-WebSocket-Key', sampleKey]] },
    mutants: ['allow-two-keys'],
    level: 'SHOULD',
    clause: { spec: 'RFC6455', section: '11.3.1' },
  },
  {
    name: 'version-missing',
    title: 'rejects a handshake without Sec-WebSocket-Version',
    changes: { without: ['Sec-WebSocket-Version'] },
    mutants: ['allow-missing-version'],
  },
  {
    name: 'version-unknown',
    title: 'rejects a handshake for the unknown version 99',
    changes: version('99'),
    mutants: ['allow-any-version', everything],
    clause: accepting,
  },
  {
    name: 'version-empty',
    title: 'rejects a handshake with an empty Sec-WebSocket-Version',
    changes: version(''),
    mutants: ['allow-empty-version'],
    clause: { spec: 'RFC6455', section: '4.3' },
  },
  // SHOULD: the grammar has no leading zero, but a server that parses the value as a number reads 13.
  {
    name: 'version-leading-zero',
    title: 'rejects a Sec-WebSocket-Version with a leading zero',
    changes: version('013'),
    mutants: ['version-by-number'],
    level: 'SHOULD',
    clause: { spec: 'RFC6455', section: '4.3' },
  },
  // SHOULD: the rule that the header occurs once binds the client.
  {
    name: 'version-twice',
    title: 'rejects a handshake with two Sec-WebSocket-Version headers',
    changes: { extra: [['Sec-WebSocket-Version', '13']] },
    mutants: ['allow-two-versions'],
    level: 'SHOULD',
    clause: { spec: 'RFC6455', section: '11.3.5' },
  },
  {
    name: 'upgrade-missing',
    title: 'rejects a handshake without an Upgrade header',
    changes: { without: ['Upgrade'] },
    mutants: ['allow-missing-upgrade', everything],
  },
  {
    name: 'upgrade-other',
    title: 'rejects a handshake whose Upgrade header lacks websocket',
    changes: { with: [['Upgrade', 'streamproof/1']] },
    mutants: ['allow-other-upgrade'],
  },
  {
    name: 'connection-missing',
    title: 'rejects a handshake without a Connection header',
    changes: { without: ['Connection'] },
    mutants: ['allow-missing-connection'],
  },
  {
    name: 'connection-other',
    title: 'rejects a handshake whose Connection header lacks upgrade',
    changes: { with: [['Connection', 'keep-alive']] },
    mutants: ['allow-other-connection'],
  },
  {
    name: 'host-missing',
    title: 'rejects a handshake without a Host header',
    changes: { without: ['Host'] },
    mutants: ['allow-missing-host'],
  },
  {
    name: 'host-twice',
    title: 'rejects a handshake with two Host headers',
    changes: { extra: [['Host', 'streamproof.invalid']] },
    mutants: ['allow-two-hosts'],
    clause: { spec: 'RFC9112', section: '3.2' },
  },
  {
    name: 'method-post',
    title: 'rejects a handshake with the method POST',
    changes: { method: 'POST' },
    mutants: ['allow-any-method'],
  },
  {
    name: 'method-options',
    title: 'rejects a handshake with the method OPTIONS',
    changes: { method: 'OPTIONS' },
    mutants: ['allow-any-method'],
  },
  {
    name: 'http-1-0',
    title: 'ignores the Upgrade header of an HTTP/1.0 request',
    changes: { version: 'HTTP/1.0' },
    mutants: ['allow-http-1-0'],
    clause: { spec: 'RFC9110', section: '7.8' },
  },
  {
    name: 'space-before-colon',
    title: 'rejects whitespace between a header name and the colon',
    changes: { rawLine: 'X-Streamproof : 1\r\n' },
    mutants: ['allow-space-before-colon'],
    clause: { spec: 'RFC9112', section: '5.1' },
  },
  // SHOULD: the line is not a part of the handshake, and HTTP itself requires no more (RFC 9112 2.2).
  {
    name: 'line-without-colon',
    title: 'rejects a handshake with a header line without a colon',
    changes: { rawLine: 'X-Streamproof\r\n' },
    mutants: ['allow-line-without-colon'],
    level: 'SHOULD',
    clause: { spec: 'RFC9112', section: '2.2' },
  },
]

export const rejected = invalidHandshakes.map(
  ({ name, title, changes, mutants, level = 'MUST', clause = reading }) =>
    check({
      id: `ws/handshake/${name}`,
      title,
      level,
      clause,
      topic,
      mutants,
      async run({ connect, handshake }) {
        await connect()
        const answer = await handshake(changes)
        answer.expectRefused()
      },
    }),
)
