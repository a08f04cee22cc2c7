import { check } from '#peers/kit'
import type { Publication, Section } from '#peers/kit'
import { answered, ask, shown, streams } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 970,
  title: 'Security: injection, TLS, disclosure',
}

const topic = 'security'
const expectations = ['EXP-SEC-3']

// --- Injection --------------------------------------------------------------------------------------------------

interface Injection {
  readonly name: string
  readonly title: string
  readonly needs: readonly ('sse.publish' | 'sse.publish.event' | 'sse.publish.id')[]
  readonly mutants: readonly string[]
  readonly event: (marker: string) => Publication
}

const injections: readonly Injection[] = [
  {
    name: 'line-feed-in-data',
    title: 'lets no line feed in a payload begin a field or an event of its own',
    needs: ['sse.publish'],
    mutants: ['leak-lf'],
    event: (marker) => ({ data: `${marker}\n\nevent: injected\ndata: forged-${marker}\n\n` }),
  },
  {
    name: 'carriage-return-in-data',
    title: 'lets no carriage return in a payload begin a field or an event of its own',
    needs: ['sse.publish'],
    mutants: ['leak-cr'],
    event: (marker) => ({ data: `${marker}\r\revent: injected\rdata: forged-${marker}\r\r` }),
  },
  {
    name: 'line-break-in-name',
    title: 'lets no line break in an event name begin a field of its own',
    needs: ['sse.publish', 'sse.publish.event'],
    mutants: ['event-name-leaks-line-breaks', 'accept-everything'],
    event: (marker) => ({ data: marker, event: `x\rid: 7\ndata: forged-${marker}\n\ndata: more` }),
  },
  {
    name: 'line-break-in-id',
    title: 'lets no line break in an id begin a field of its own',
    needs: ['sse.publish', 'sse.publish.id'],
    mutants: ['id-leaks-line-breaks', 'accept-everything'],
    event: (marker) => ({ data: marker, id: `${marker}\revent: x\ndata: forged-${marker}\n\ndata: more` }),
  },
]

/** A client obeys whatever stands at the start of a line: an event that nobody published is handed to the page. */
export const injected = injections.map(({ name, title, needs, mutants, event }) =>
  check({
    id: `sse/injection/${name}`,
    title,
    level: 'MUST',
    clause: { spec: 'HTML', section: 'event-stream-interpretation' },
    topic,
    needs,
    mutants,
    async run(kit) {
      const stream = await kit.subscribe()
      const marker = kit.nonce()
      await kit.tryPublish(event(marker))
      await stream.barrier()
      const forged = stream.events.some(({ data }) => data.split('\n').includes(`forged-${marker}`))
      kit.expect(!forged, 'no field that nobody published', 'the text behind the line break was obeyed')
    },
  }),
)

export const nulInId = check({
  id: 'sse/injection/nul-in-id',
  title: 'writes no NUL into an id, however it was published',
  level: 'SHOULD',
  clause: { spec: 'HTML', section: 'processField' },
  topic,
  needs: ['sse.publish', 'sse.publish.id'],
  mutants: ['id-leaks-nul', 'accept-everything'],
  async run(kit) {
    const stream = await kit.subscribe()
    const marker = kit.nonce()
    await kit.tryPublish({ data: marker, id: `${marker}\0x` })
    await stream.barrier()
    const written = stream.lines.some(({ name, value }) => name === 'id' && value.includes(`${marker}\0`))
    kit.expect(!written, 'an id without NUL, or a refusal', 'an id with NUL, which clients ignore')
  },
})

// --- TLS --------------------------------------------------------------------------------------------------------

export const certificate = check({
  id: 'sse/tls/certificate',
  title: 'shows a certificate that is valid for its host',
  // Clients must verify it, and fail otherwise.
  level: 'MUST',
  clause: { spec: 'RFC9110', section: '4.3.4' },
  topic,
  needs: ['sse.tls'],
  mutants: ['certificate-for-other-name', 'certificate-untrusted', 'certificate-expired'],
  expectations,
  async run(kit) {
    const answer = await kit.request({ url: kit.sse.secureUrl ?? kit.sse.url })
    const { tls } = answer
    const valid = tls?.authorized === true
    kit.expect(valid, 'a certificate that verifies', tls?.error ?? 'no TLS')
    kit.measure('tlsVersion', tls?.protocol ?? 'none')
    answer.expectHead()
  },
})

export const version = check({
  id: 'sse/tls/version',
  title: 'does not speak TLS 1.1 or older',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'tls-1-2' },
  topic,
  needs: ['sse.tls'],
  mutants: ['accept-old-tls'],
  expectations,
  async run(kit) {
    const url = kit.sse.secureUrl ?? kit.sse.url
    await kit.subscribe({ url })
    const { tls, head } = await kit.request({ url, maxTls: 'TLSv1.1' })
    const refused = head === null && (tls === null || tls.error !== null)
    kit.expect(refused, 'TLS 1.1 to be refused', 'it is spoken')
  },
})

export const plainText = check({
  id: 'sse/tls/plain-text',
  title: 'does not serve on its plain-text address what it serves on the secure one',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'no-plain-text' },
  topic,
  needs: ['sse.plain'],
  mutants: ['serve-plain-text'],
  expectations,
  async run(kit) {
    await kit.subscribe({ url: kit.sse.secureUrl ?? kit.sse.url })
    const answer = await ask(kit, { url: kit.sse.plainUrl ?? kit.sse.url })
    kit.expect(!streams(answer), 'a redirect to https, or a refusal', answered(answer))
  },
})

export const plainTextOnTlsPort = check({
  id: 'sse/tls/plain-text-on-tls-port',
  title: 'serves no plain text on its TLS port',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'no-plain-text' },
  topic,
  needs: ['sse.tls'],
  mutants: ['plain-text-on-tls-port'],
  expectations,
  async run(kit) {
    const secure = kit.sse.secureUrl ?? kit.sse.url
    await kit.subscribe({ url: secure })
    const port = secure.port === '' ? '443' : secure.port
    const url = new URL(`http://${secure.hostname}:${port}${secure.pathname}${secure.search}`)
    const answer = await ask(kit, { url })
    kit.expect(!streams(answer), 'plain text to be refused', answered(answer))
  },
})

export const noDowngrade = check({
  id: 'sse/tls/no-downgrade',
  title: 'does not send clients of the secure address to a plain-text one',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'no-downgrade' },
  topic,
  needs: ['sse.tls'],
  mutants: ['redirect-to-plain-text'],
  expectations,
  async run(kit) {
    const head = (await ask(kit, { url: kit.sse.secureUrl ?? kit.sse.url })).expectHead()
    const away = head.status >= 300 && head.status < 400 && /^http:/i.test(head.get('location') ?? '')
    kit.expect(!away, 'no redirect to http', `status ${head.status} with an http Location`)
  },
})

export const strictTransport = check({
  id: 'sse/tls/strict-transport',
  title: 'tells browsers to stay with https',
  level: 'MAY',
  clause: { spec: 'STREAMPROOF', section: 'strict-transport' },
  topic,
  needs: ['sse.tls'],
  mutants: ['no-strict-transport'],
  async run(kit) {
    const head = (await ask(kit, { url: kit.sse.secureUrl ?? kit.sse.url })).expectHead()
    kit.expect(head.get('strict-transport-security') !== null, 'Strict-Transport-Security', 'none')
  },
})

// --- Disclosure and names -----------------------------------------------------------------------------------------

export const foreignHost = check({
  id: 'sse/security/foreign-host',
  title: 'does not serve under a host name that is not its own (DNS rebinding)',
  // Dangerous on a loopback or private address; a public server may well answer to any name.
  level: 'MAY',
  clause: { spec: 'STREAMPROOF', section: 'foreign-host-refused' },
  topic,
  mutants: ['serve-foreign-host', 'accept-everything'],
  async run(kit) {
    const positive = await kit.subscribe()
    positive.close()
    const answer = await ask(kit, { headers: [['Host', 'streamproof.example']] })
    kit.expect(!streams(answer), 'a refusal', answered(answer))
  },
})

export const noInternals = check({
  id: 'sse/security/no-internals-in-errors',
  title: 'shows no stack trace in an error response',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'no-internals-in-errors' },
  topic,
  mutants: ['stack-trace-errors'],
  async run(kit) {
    const answers = await kit.inSequence(2, (index) =>
      ask(kit, index === 0 ? { method: 'TRACE' } : { target: '/streamproof-%00-nowhere' }),
    )
    answers[0]?.expectHead()
    const bodies = answers.map(({ body }) => Buffer.from(body).toString('latin1')).join('\n')
    const trace = /^\s+at .*[:(].*\d+\)?\s*$|Traceback \(most recent call last\)|goroutine \d+ \[/m.exec(
      bodies,
    )
    kit.expect(trace === null, 'an error without a stack trace', 'a stack trace')
  },
})

export const noVersionBanner = check({
  id: 'sse/security/no-version-banner',
  title: 'does not tell which version of which software it is',
  level: 'MAY',
  clause: { spec: 'STREAMPROOF', section: 'no-version-banner' },
  topic,
  mutants: ['version-banner'],
  async run(kit) {
    const head = (await ask(kit)).expectHead()
    const banner = ['server', 'x-powered-by', 'via']
      .flatMap((name) => head.all(name))
      .find((one) => /\/\d+\.\d/.test(one))
    kit.expect(banner === undefined, 'no version number', shown(banner ?? ''))
  },
})
