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
  title: 'accepts a handshake from the allowed origin',
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
  title: 'rejects a handshake from the denied origin',
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
  title: 'rejects the denied origin with status 403',
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
  { name: 'null', title: 'rejects the origin null', origin: () => 'null', mutants: ['allow-null-origin'] },
  {
    name: 'longer',
    title: 'rejects an origin that begins with the allowed one',
    origin: (allowed: string) => `${allowed}.streamproof.invalid`,
    mutants: ['origin-by-prefix'],
  },
  {
    name: 'other-host',
    title: 'rejects an origin whose host ends with the allowed one',
    origin: (allowed: string) => allowed.replace('://', '://streamproof-'),
    mutants: ['origin-by-suffix'],
  },
]

export const lookalikeOrigins = lookalikes.map(({ name, title, origin, mutants }) =>
  check({
    id: `ws/security/origin-${name}`,
    title,
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
  title: 'presents a trusted certificate that is valid for its host name',
  // SHOULD: the MUST binds the client, which has to fail the connection otherwise (4.1).
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
  title: 'does not negotiate TLS 1.1 or older',
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
  title: 'accepts no plain-text handshake on its TLS port',
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
  title: 'accepts no handshake at the plain-text address of a secure service',
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
  title: 'fails the connection on a frame with a declared length of 2^62 bytes',
  // SHOULD: 10.4 requires an implementation that has a limit to enforce it, and does not say at which moment.
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
  title: 'closes with 1009 when a frame is too big',
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
