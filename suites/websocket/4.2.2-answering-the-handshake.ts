import { acceptValueOf, check, filled, hex } from '#peers/kit'
import type { Clause, HandshakeChanges, Section } from '#peers/kit'

export const section: Section = {
  protocol: 'websocket',
  order: 40202,
  title: 'RFC 6455 4.2.2: answering the opening handshake',
}

const topic = 'protocol'
const accepting: Clause = { spec: 'RFC6455', section: '4.2.2' }
const reading: Clause = { spec: 'RFC6455', section: '4.2.1' }

/** The sample key of RFC 6455 1.3. */
const sampleKey = 'dGhlIHNhbXBsZSBub25jZQ=='

// --- The response -----------------------------------------------------------------------------------------------

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
  title: 'sends Upgrade: websocket in its 101 response',
  level: 'MUST',
  clause: accepting,
  topic,
  mutants: ['omit-upgrade'],
  async run({ handshake, expect }) {
    const { response } = await (await handshake()).expectAccepted()
    const holds = response.list('upgrade').some((value) => value.toLowerCase() === 'websocket')
    expect(
      holds,
      'an Upgrade header with the value websocket',
      response.get('upgrade') ?? 'no Upgrade header',
    )
  },
})

export const connectionHeader = check({
  id: 'ws/handshake/connection-header',
  title: 'sends Connection: Upgrade in its 101 response',
  level: 'MUST',
  clause: accepting,
  topic,
  mutants: ['omit-connection'],
  async run({ handshake, expect }) {
    const { response } = await (await handshake()).expectAccepted()
    const holds = response.list('connection').some((token) => token.toLowerCase() === 'upgrade')
    expect(
      holds,
      'a Connection header with the token Upgrade',
      response.get('connection') ?? 'no Connection header',
    )
  },
})

export const acceptValue = check({
  id: 'ws/handshake/accept-value',
  title: 'computes Sec-WebSocket-Accept from Sec-WebSocket-Key',
  level: 'MUST',
  clause: accepting,
  topic,
  mutants: ['wrong-accept'],
  async run({ handshake, expect }) {
    const answer = await handshake()
    const { response } = await answer.expectAccepted()
    const given = response.get('sec-websocket-accept')
    const holds = given === acceptValueOf(answer.key)
    const actual = given === null ? 'no Sec-WebSocket-Accept header' : 'a different value'
    expect(holds, 'the Sec-WebSocket-Accept value for the key', actual)
  },
})

export const acceptOnce = check({
  id: 'ws/handshake/accept-once',
  title: 'sends Sec-WebSocket-Accept at most once',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '11.3.3' },
  topic,
  mutants: ['accept-header-twice'],
  async run({ handshake, expect }) {
    const { response } = await (await handshake()).expectAccepted()
    const count = response.all('sec-websocket-accept').length
    expect(count <= 1, 'at most one Sec-WebSocket-Accept header', `${count} Sec-WebSocket-Accept headers`)
  },
})

export const keyWhitespace = check({
  id: 'ws/handshake/key-whitespace',
  title: 'excludes whitespace around the key from Sec-WebSocket-Accept',
  level: 'MUST',
  clause: { spec: 'RFC9110', section: '5.5' },
  topic,
  mutants: ['hash-untrimmed-key'],
  async run({ handshake, expect }) {
    const answer = await handshake({ with: [['Sec-WebSocket-Key', `\t ${sampleKey} \t`]] })
    const { response } = await answer.expectAccepted()
    const holds = response.get('sec-websocket-accept') === acceptValueOf(sampleKey)
    expect(holds, 'the Sec-WebSocket-Accept value for the key without whitespace', 'a different value')
  },
})

const bodyHeaders = [
  {
    header: 'Content-Length',
    id: 'ws/handshake/no-content-length',
    title: 'sends no Content-Length in its 101 response',
    clause: { spec: 'RFC9110', section: '8.6' },
    mutants: ['content-length-on-101'],
  },
  {
    header: 'Transfer-Encoding',
    id: 'ws/handshake/no-transfer-encoding',
    title: 'sends no Transfer-Encoding in its 101 response',
    clause: { spec: 'RFC9112', section: '6.1' },
    mutants: ['transfer-encoding-on-101'],
  },
] as const

export const noBodyHeaders = bodyHeaders.map(({ header, ...declared }) =>
  check({
    ...declared,
    level: 'MUST',
    topic,
    async run({ handshake, expect }) {
      const { response } = await (await handshake()).expectAccepted()
      expect(response.get(header) === null, `no ${header} header`, `a ${header} header`)
    },
  }),
)

/** No draft of the protocol had this version. The checks do not use 8: a server may support that draft. */
const unknownVersion: HandshakeChanges = { with: [['Sec-WebSocket-Version', '99']] }

// --- Rejections ---------------------------------------------------------------------------------------------------

export const refusalIsHttp = check({
  id: 'ws/handshake/refusal-is-http',
  title: 'rejects an invalid handshake with an HTTP error response',
  level: 'MUST',
  clause: reading,
  topic,
  after: ['ws/handshake/key-missing'],
  mutants: ['refuse-by-fin'],
  async run({ connect, handshake }) {
    await connect()
    const answer = await handshake({ without: ['Sec-WebSocket-Key'] })
    answer.expectHttpError()
  },
})

export const refusalIsClientError = check({
  id: 'ws/handshake/refusal-is-client-error',
  title: 'rejects an invalid handshake with a 4xx status',
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '10.7' },
  topic,
  after: ['ws/handshake/refusal-is-http'],
  mutants: ['refuse-with-500'],
  async run({ connect, handshake, expect }) {
    await connect()
    const { status } = (await handshake({ without: ['Sec-WebSocket-Key'] })).expectHttpError()
    expect(status < 500, 'a 4xx status', `status ${status}`)
  },
})

export const refusalIsFinal = check({
  id: 'ws/handshake/refusal-is-final',
  title: 'processes no frames after it rejects a handshake',
  level: 'MUST',
  clause: reading,
  topic,
  after: ['ws/handshake/key-missing'],
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
  title: 'lists version 13 when it rejects an unknown version',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.4' },
  topic,
  after: ['ws/handshake/version-unknown'],
  mutants: ['omit-version-list'],
  async run({ connect, handshake, expect }) {
    await connect()
    const head = (await handshake(unknownVersion)).expectHttpError()
    const actual = head.get('sec-websocket-version') ?? 'no Sec-WebSocket-Version header'
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
  title: 'lists versions as numbers from 0 to 255 without leading zeros',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.3' },
  topic,
  after: ['ws/handshake/versions-listed'],
  mutants: ['malformed-version-list'],
  async run({ handshake, expect }) {
    const head = (await handshake(unknownVersion)).expectHttpError()
    const listed = head.list('sec-websocket-version')
    expect(
      listed.every((version) => versionForm.test(version)),
      'version numbers from 0 to 255 without leading zeros',
      listed.join(', '),
    )
  },
})

export const headerTooLarge = check({
  id: 'ws/handshake/header-too-large',
  title: 'answers a handshake with a 64 KiB header, or closes the connection',
  // SHOULD: the clause requires a 4xx, but a server that closes before it has read everything sends a RST, which can
  // destroy the response on its way.
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
      'an HTTP response or a closed connection',
      'no response on an open connection',
    )
  },
})
