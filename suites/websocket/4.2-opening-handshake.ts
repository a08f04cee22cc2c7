import type { Section } from '../../harness/check/check.ts'
import type { Clause, Level } from '../../harness/check/model.ts'
import { check } from '../../harness/peers/kit.ts'
import type { HandshakeChanges } from '../../harness/peers/kit.ts'
import { acceptValueOf, filled, hex } from '../../harness/peers/octets.ts'

export const section: Section = {
  transport: 'websocket',
  order: 40200,
  title: 'RFC 6455 4.2: opening handshake',
}

const topic = 'protocol'
const accepting: Clause = { spec: 'RFC6455', section: '4.2.2' }
const reading: Clause = { spec: 'RFC6455', section: '4.2.1' }

/** The example of RFC 6455 1.3. */
const sampleKey = 'dGhlIHNhbXBsZSBub25jZQ=='

// --- The answer -------------------------------------------------------------------------------------------------

export const switchingProtocols = check({
  id: 'ws/handshake/switching-protocols',
  title: 'answers a valid opening handshake with status 101',
  level: 'MUST',
  clause: accepting,
  topic: 'connection',
  mutants: ['answer-200', 'mute', 'dead'],
  async run({ handshake }) {
    const answer = await handshake()
    await answer.expectAccepted()
  },
})

export const upgradeHeader = check({
  id: 'ws/handshake/upgrade-header',
  title: 'names websocket in the Upgrade header of its 101',
  level: 'MUST',
  clause: accepting,
  topic,
  mutants: ['omit-upgrade'],
  async run({ handshake, expect }) {
    const { response } = await (await handshake()).expectAccepted()
    const holds = response.list('upgrade').some((one) => one.toLowerCase() === 'websocket')
    expect(
      holds,
      'an Upgrade header with the value websocket',
      response.get('upgrade') ?? 'no Upgrade header',
    )
  },
})

export const connectionHeader = check({
  id: 'ws/handshake/connection-header',
  title: 'has the token Upgrade in the Connection header of its 101',
  level: 'MUST',
  clause: accepting,
  topic,
  mutants: ['omit-connection'],
  async run({ handshake, expect }) {
    const { response } = await (await handshake()).expectAccepted()
    const holds = response.list('connection').some((one) => one.toLowerCase() === 'upgrade')
    expect(
      holds,
      'a Connection header with the token Upgrade',
      response.get('connection') ?? 'no Connection header',
    )
  },
})

export const acceptValue = check({
  id: 'ws/handshake/accept-value',
  title: 'computes Sec-WebSocket-Accept from the key',
  level: 'MUST',
  clause: accepting,
  topic,
  mutants: ['wrong-accept'],
  async run({ handshake, expect }) {
    const answer = await handshake()
    const { response } = await answer.expectAccepted()
    const given = response.get('sec-websocket-accept')
    const holds = given === acceptValueOf(answer.key)
    expect(holds, 'the Sec-WebSocket-Accept of the key', given === null ? 'no such header' : 'another value')
  },
})

export const acceptOnce = check({
  id: 'ws/handshake/accept-once',
  title: 'sends Sec-WebSocket-Accept no more than once',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '11.3.3' },
  topic,
  mutants: ['accept-header-twice'],
  async run({ handshake, expect }) {
    const { response } = await (await handshake()).expectAccepted()
    const count = response.all('sec-websocket-accept').length
    expect(count <= 1, 'at most one Sec-WebSocket-Accept header', `${count} of them`)
  },
})

export const keyWhitespace = check({
  id: 'ws/handshake/key-whitespace',
  title: 'leaves out the whitespace around the key when it computes Sec-WebSocket-Accept',
  level: 'MUST',
  clause: accepting,
  topic,
  mutants: ['hash-untrimmed-key'],
  async run({ handshake, expect }) {
    const answer = await handshake({ with: [['Sec-WebSocket-Key', `\t ${sampleKey} \t`]] })
    const { response } = await answer.expectAccepted()
    const holds = response.get('sec-websocket-accept') === acceptValueOf(sampleKey)
    expect(holds, 'the Sec-WebSocket-Accept of the key without whitespace', 'another value')
  },
})

export const noBodyFraming = ['Content-Length', 'Transfer-Encoding'].map((name) =>
  check({
    id: `ws/handshake/no-${name.toLowerCase()}`,
    title: `sends no ${name} with its 101, which has no body`,
    level: 'MUST',
    clause:
      name === 'Content-Length' ? { spec: 'RFC9110', section: '8.6' } : { spec: 'RFC9112', section: '6.1' },
    topic,
    mutants: [`${name.toLowerCase()}-on-101`],
    async run({ handshake, expect }) {
      const { response } = await (await handshake()).expectAccepted()
      expect(response.get(name) === null, `no ${name} header`, `a ${name} header`)
    },
  }),
)

// --- Handshakes that are right, whatever they look like ------------------------------------------------------------

interface Accepted {
  readonly name: string
  readonly title: string
  readonly changes: HandshakeChanges
  readonly mutants: readonly string[]
  readonly clause?: Clause
}

const acceptable: readonly Accepted[] = [
  {
    name: 'upgrade-any-case',
    title: 'reads the value of Upgrade without regard to case',
    changes: { with: [['Upgrade', 'WebSocket']] },
    mutants: ['upgrade-case-sensitive'],
  },
  {
    name: 'connection-list',
    title: 'finds the token upgrade in a list of Connection, in any case',
    changes: { with: [['Connection', 'keep-alive, UPGRADE']] },
    mutants: ['connection-not-a-list'],
  },
  {
    name: 'header-order',
    title: 'reads the headers in any order',
    changes: { rewrite: (headers) => headers.toReversed() },
    mutants: ['header-order-matters'],
  },
  {
    name: 'header-names-lower-case',
    title: 'reads header names in lower case',
    changes: { rewrite: (headers) => headers.map(([name, value]) => [name.toLowerCase(), value]) },
    mutants: ['header-names-case-sensitive'],
    clause: { spec: 'RFC9110', section: '5.1' },
  },
  {
    name: 'header-names-upper-case',
    title: 'reads header names in upper case',
    changes: { rewrite: (headers) => headers.map(([name, value]) => [name.toUpperCase(), value]) },
    mutants: ['header-names-case-sensitive'],
    clause: { spec: 'RFC9110', section: '5.1' },
  },
  {
    name: 'unknown-headers',
    title: 'ignores headers that it does not know',
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
    name: 'byte-by-byte',
    title: 'reads a handshake that comes octet by octet',
    changes: { segments: [1] },
    mutants: ['refuse-segmented-handshake'],
    clause: { spec: 'RFC9112', section: '2.2' },
  },
]

export const accepted = acceptable.map(({ name, title, changes, mutants, clause = reading }) =>
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

// --- Handshakes that must be refused -------------------------------------------------------------------------------

interface Refused {
  readonly name: string
  readonly what: string
  readonly changes: HandshakeChanges
  readonly mutants: readonly string[]
  readonly level?: Level
  readonly clause?: Clause
}

/** A version that no draft had. 8 is not one of these: servers may speak the draft with that number. */
const version = (value: string): HandshakeChanges => ({ with: [['Sec-WebSocket-Version', value]] })
const key = (value: string): HandshakeChanges => ({ with: [['Sec-WebSocket-Key', value]] })
const everything = 'accept-everything'

const refusable: readonly Refused[] = [
  {
    name: 'key-missing',
    what: 'without Sec-WebSocket-Key',
    changes: { without: ['Sec-WebSocket-Key'] },
    mutants: ['allow-missing-key', everything, 'mute', 'dead'],
  },
  // SHOULD: 4.2.1 asks for 16 octets behind the base64, while 4.2.2 says that a server need not decode them.
  {
    name: 'key-too-short',
    what: 'whose key is of 15 octets',
    changes: key('c3RyZWFtcHJvb2YgMTUh'),
    mutants: ['allow-malformed-key'],
    level: 'SHOULD',
  },
  {
    name: 'key-too-long',
    what: 'whose key is of 17 octets',
    changes: key('c3RyZWFtcHJvb2YgMTcuLiE='),
    mutants: ['allow-malformed-key'],
    level: 'SHOULD',
  },
  {
    name: 'key-not-base64',
    what: 'whose key is not base64',
    changes: key('!!!!!!!!!!!!!!!!!!!!!!=='),
    mutants: ['allow-malformed-key'],
    level: 'SHOULD',
  },
  {
    name: 'key-twice',
    what: 'with two keys',
    changes: { extra: [['Sec-WebSocket-Key', sampleKey]] },
    mutants: ['allow-two-keys'],
    clause: { spec: 'RFC6455', section: '11.3.1' },
  },
  {
    name: 'version-missing',
    what: 'without Sec-WebSocket-Version',
    changes: { without: ['Sec-WebSocket-Version'] },
    mutants: ['allow-missing-version'],
  },
  {
    name: 'version-unknown',
    what: 'of version 99',
    changes: version('99'),
    mutants: ['allow-any-version', everything],
    clause: accepting,
  },
  {
    name: 'version-empty',
    what: 'whose version is empty',
    changes: version(''),
    mutants: ['allow-empty-version'],
    clause: { spec: 'RFC6455', section: '4.3' },
  },
  // SHOULD: the grammar has no leading zero, but who reads the value as a number has read 13.
  {
    name: 'version-leading-zero',
    what: 'whose version has a leading zero',
    changes: version('013'),
    mutants: ['version-by-number'],
    level: 'SHOULD',
    clause: { spec: 'RFC6455', section: '4.3' },
  },
  {
    name: 'version-twice',
    what: 'with two version headers',
    changes: { extra: [['Sec-WebSocket-Version', '13']] },
    mutants: ['allow-two-versions'],
    clause: { spec: 'RFC6455', section: '11.3.5' },
  },
  {
    name: 'upgrade-missing',
    what: 'without Upgrade',
    changes: { without: ['Upgrade'] },
    mutants: ['allow-missing-upgrade', everything],
  },
  {
    name: 'upgrade-other',
    what: 'that asks for an upgrade to something else',
    changes: { with: [['Upgrade', 'streamproof/1']] },
    mutants: ['allow-other-upgrade'],
  },
  {
    name: 'connection-missing',
    what: 'without Connection',
    changes: { without: ['Connection'] },
    mutants: ['allow-missing-connection'],
  },
  {
    name: 'connection-other',
    what: 'whose Connection header lacks the token upgrade',
    changes: { with: [['Connection', 'keep-alive']] },
    mutants: ['allow-other-connection'],
  },
  {
    name: 'host-missing',
    what: 'without Host',
    changes: { without: ['Host'] },
    mutants: ['allow-missing-host'],
  },
  {
    name: 'host-twice',
    what: 'with two Host headers',
    changes: { extra: [['Host', 'streamproof.invalid']] },
    mutants: ['allow-two-hosts'],
    clause: { spec: 'RFC9112', section: '3.2' },
  },
  {
    name: 'method-post',
    what: 'by POST',
    changes: { method: 'POST' },
    mutants: ['allow-any-method'],
  },
  {
    name: 'method-options',
    what: 'by OPTIONS',
    changes: { method: 'OPTIONS' },
    mutants: ['allow-any-method'],
  },
  {
    name: 'http-1-0',
    what: 'over HTTP/1.0, where Upgrade must be ignored',
    changes: { version: 'HTTP/1.0' },
    mutants: ['allow-http-1-0'],
    clause: { spec: 'RFC9110', section: '7.8' },
  },
  {
    name: 'space-before-colon',
    what: 'with whitespace between a header name and its colon',
    changes: { rawLine: 'X-Streamproof : 1\r\n' },
    mutants: ['allow-space-before-colon'],
    clause: { spec: 'RFC9112', section: '5.1' },
  },
  {
    name: 'line-without-colon',
    what: 'with a header line that has no colon',
    changes: { rawLine: 'X-Streamproof\r\n' },
    mutants: ['allow-line-without-colon'],
  },
]

export const refused = refusable.map(({ name, what, changes, mutants, level = 'MUST', clause = reading }) =>
  check({
    id: `ws/handshake/${name}`,
    title: `refuses a handshake ${what}`,
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

// --- How it refuses ------------------------------------------------------------------------------------------------

export const refusalIsHttp = check({
  id: 'ws/handshake/refusal-is-http',
  title: 'refuses a bad handshake with an HTTP error, not by ending the connection alone',
  level: 'MUST',
  clause: reading,
  topic,
  mutants: ['refuse-by-fin'],
  async run({ connect, handshake }) {
    await connect()
    const answer = await handshake({ without: ['Sec-WebSocket-Key'] })
    answer.expectHttpError()
  },
})

export const refusalIsClientError = check({
  id: 'ws/handshake/refusal-is-client-error',
  title: 'refuses a bad handshake with a status that blames the client',
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '10.7' },
  topic,
  mutants: ['refuse-with-500'],
  async run({ connect, handshake, expect }) {
    await connect()
    const { status } = (await handshake({ without: ['Sec-WebSocket-Key'] })).expectHttpError()
    expect(status < 500, 'a 4xx status', `status ${status}`)
  },
})

export const refusalIsFinal = check({
  id: 'ws/handshake/refusal-is-final',
  title: 'reads no frames behind a handshake that it refused',
  level: 'MUST',
  clause: reading,
  topic,
  mutants: ['frames-after-refusal'],
  async run({ connect, handshake }) {
    await connect()
    const answer = await handshake({ without: ['Sec-WebSocket-Key'] })
    answer.expectRefused()
    // A masked Ping.
    answer.sendBytes(hex('89 84 01020304 716b6d63'))
    await answer.expectNoFrame()
  },
})

export const versionsListed = check({
  id: 'ws/handshake/versions-listed',
  title: 'lists version 13 where it refuses a version that it does not know',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.4' },
  topic,
  mutants: ['omit-version-list'],
  async run({ connect, handshake, expect }) {
    await connect()
    const head = (await handshake(version('99'))).expectHttpError()
    const actual = head.get('sec-websocket-version') ?? 'no such header'
    expect(
      head.list('sec-websocket-version').includes('13'),
      'a Sec-WebSocket-Version header with 13',
      actual,
    )
  },
})

const versionForm = /^(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])$/

export const versionsWellFormed = check({
  id: 'ws/handshake/versions-well-formed',
  title: 'lists its versions as numbers from 0 to 255 without leading zeros',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.3' },
  topic,
  after: ['ws/handshake/versions-listed'],
  mutants: ['malformed-version-list'],
  async run({ handshake, expect }) {
    const head = (await handshake(version('99'))).expectHttpError()
    const listed = head.list('sec-websocket-version')
    expect(
      listed.every((one) => versionForm.test(one)),
      'a list of versions',
      listed.join(', '),
    )
  },
})

export const headerTooLarge = check({
  id: 'ws/handshake/header-too-large',
  title: 'answers a handshake with a header of 64 KiB, or ends the connection',
  // SHOULD: a 4xx is a MUST of the clause, but the answer may be lost in a RST, since more was sent than was read.
  level: 'SHOULD',
  clause: { spec: 'RFC9110', section: '5.4' },
  topic: 'limitations',
  mutants: ['ignore-long-head'],
  async run({ connect, handshake, expect }) {
    await connect()
    const value = new TextDecoder().decode(filled(65_536))
    const { head, ending } = await handshake({ with: [['X-Streamproof', value]] })
    expect(
      head !== null || ending?.by === 'target',
      'an answer, or the end of the connection',
      'neither came',
    )
  },
})
