import { check } from '#peers/kit'
import type { Section } from '#peers/kit'

export const section: Section = { protocol: 'websocket', order: 100000, title: 'RFC 6455 10: security' }

const topic = 'security'
const origins = { spec: 'RFC6455', section: '10.2' } as const
const owasp = { spec: 'OWASP', section: 'origin-header-validation' } as const
const limits = { spec: 'RFC6455', section: '10.4' } as const
const secure = { spec: 'RFC6455', section: '10.6' } as const

// --- Origin -----------------------------------------------------------------------------------------------------------

export const allowedOrigin = check({
  id: 'ws/security/allowed-origin',
  title: 'accepts a handshake from the origin that is allowed',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.2.2' },
  topic,
  needs: ['ws.allowed-origin'],
  mutants: ['refuse-allowed-origin'],
  expectations: ['EXP-SEC-2'],
  async run({ websocket, handshake }) {
    const ws = await (await handshake({ with: [['Origin', websocket.allowedOrigin ?? '']] })).expectAccepted()
    await ws.expectPong()
  },
})

export const deniedOrigin = check({
  id: 'ws/security/denied-origin',
  title: 'refuses a handshake from the origin that is denied',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.2.2' },
  topic,
  needs: ['ws.denied-origin'],
  mutants: ['allow-denied-origin'],
  expectations: ['EXP-SEC-2'],
  async run({ connect, websocket, handshake }) {
    await connect()
    const answer = await handshake({ with: [['Origin', websocket.deniedOrigin ?? '']] })
    answer.expectRefused()
  },
})

export const deniedWith403 = check({
  id: 'ws/security/denied-origin-with-403',
  title: 'refuses an origin with status 403',
  level: 'SHOULD',
  clause: origins,
  topic,
  needs: ['ws.denied-origin'],
  after: ['ws/security/denied-origin'],
  mutants: ['refuse-origin-with-400'],
  expectations: ['EXP-SEC-2'],
  async run({ connect, websocket, handshake, expect }) {
    await connect()
    const { status } = (
      await handshake({ with: [['Origin', websocket.deniedOrigin ?? '']] })
    ).expectHttpError()
    expect(status === 403, 'status 403', `status ${status}`)
  },
})

const lookalikes = [
  { name: 'null', what: 'null', origin: () => 'null', mutants: ['allow-null-origin'] },
  {
    name: 'longer',
    what: 'that begins with the allowed one',
    origin: (allowed: string) => `${allowed}.streamproof.invalid`,
    mutants: ['origin-by-prefix'],
  },
  {
    name: 'other-host',
    what: 'whose host ends with the allowed one',
    origin: (allowed: string) => allowed.replace('://', '://streamproof-'),
    mutants: ['origin-by-suffix'],
  },
]

export const lookalikeOrigins = lookalikes.map(({ name, what, origin, mutants }) =>
  check({
    id: `ws/security/origin-${name}`,
    title: `refuses an origin ${what}`,
    level: 'SHOULD',
    clause: owasp,
    topic,
    needs: ['ws.allowed-origin', 'ws.denied-origin'],
    after: ['ws/security/denied-origin'],
    mutants,
    expectations: ['EXP-SEC-2'],
    async run({ connect, websocket, handshake }) {
      await connect()
      const answer = await handshake({ with: [['Origin', origin(websocket.allowedOrigin ?? '')]] })
      answer.expectRefused()
    },
  }),
)

// --- TLS --------------------------------------------------------------------------------------------------------------

export const certificate = check({
  id: 'ws/security/certificate',
  title: 'opens over TLS with a certificate that proves its name',
  // SHOULD: the MUST is the client's, which has to fail otherwise (4.1).
  level: 'SHOULD',
  clause: secure,
  topic,
  needs: ['ws.tls'],
  mutants: ['certificate-untrusted', 'certificate-for-other-name', 'certificate-expired'],
  expectations: ['EXP-SEC-1'],
  async run({ connect, websocket }) {
    const ws = await connect({ url: websocket.secureUrl ?? websocket.url })
    await ws.expectPong()
  },
})

export const oldTls = check({
  id: 'ws/security/old-tls',
  title: 'does not speak TLS 1.1 or older',
  level: 'SHOULD',
  clause: { spec: 'OWASP', section: 'transport-security' },
  topic,
  needs: ['ws.tls'],
  mutants: ['accept-old-tls'],
  expectations: ['EXP-SEC-1'],
  async run({ connect, websocket, handshake }) {
    const url = websocket.secureUrl ?? websocket.url
    await connect({ url })
    const answer = await handshake({ url, maxTls: 'TLSv1.1' })
    answer.expectRefused()
  },
})

export const plainOnTlsPort = check({
  id: 'ws/security/plain-text-on-tls-port',
  title: 'opens no WebSocket in plain text on its TLS port',
  level: 'MUST',
  clause: { spec: 'RFC6455', section: '4.2.2' },
  topic,
  needs: ['ws.tls'],
  mutants: ['plain-text-on-tls-port'],
  expectations: ['EXP-SEC-1'],
  async run({ connect, websocket, handshake }) {
    const url = websocket.secureUrl ?? websocket.url
    await connect({ url })
    const answer = await handshake({ url, plainText: true })
    answer.expectRefused()
  },
})

export const downgrade = check({
  id: 'ws/security/plain-text-refused',
  title: 'opens no WebSocket at the plain-text address of the secure service',
  level: 'SHOULD',
  clause: { spec: 'OWASP', section: 'transport-security' },
  topic,
  needs: ['ws.plain'],
  mutants: ['serve-plain-text'],
  expectations: ['EXP-SEC-1'],
  async run({ connect, websocket, handshake }) {
    await connect({ url: websocket.secureUrl ?? websocket.url })
    const answer = await handshake({ url: websocket.plainUrl ?? websocket.url })
    answer.expectRefused()
  },
})

// --- Limits -----------------------------------------------------------------------------------------------------------

export const frameLimit = check({
  id: 'ws/limits/declared-length',
  title: 'fails the connection on a frame that declares 2^62 octets, without waiting for them',
  // SHOULD: 10.4 asks those that have a limit to keep it, and does not say when.
  level: 'SHOULD',
  clause: limits,
  topic: 'limitations',
  mutants: ['no-frame-limit'],
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'binary', payload: 'tiny', lengthBits: 64, declaredLength: 2n ** 62n })
    await ws.expectFailed()
  },
})

export const tooBigCode = check({
  id: 'ws/limits/code-1009',
  title: 'gives 1009 as the reason when a frame is too big',
  level: 'SHOULD',
  clause: { spec: 'RFC6455', section: '7.4.1' },
  topic: 'limitations',
  after: ['ws/limits/declared-length'],
  mutants: ['too-big-as-1002'],
  async run({ connect }) {
    const ws = await connect()
    ws.send({ opcode: 'binary', payload: 'tiny', lengthBits: 64, declaredLength: 2n ** 62n })
    await ws.expectFailedWith(1009)
  },
})
