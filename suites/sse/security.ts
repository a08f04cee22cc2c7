import { check } from '#peers/kit'
import type { Publication, Section } from '#peers/kit'
import { describeResponse, sendRequest, quoted, isEventStream } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 970,
  title: 'Security: injection, TLS and disclosure',
}

const topic = 'security'
const expectations = ['EXP-SEC-3']

// --- Injection --------------------------------------------------------------------------------------------------

interface Injection {
  readonly id: string
  readonly title: string
  readonly needs: readonly ('sse.publish' | 'sse.publish.event' | 'sse.publish.id')[]
  readonly mutants: readonly string[]
  readonly event: (marker: string) => Publication
}

const injections: readonly Injection[] = [
  {
    id: 'sse/injection/line-feed-in-data',
    title: 'does not let a line feed in a payload start a field or event',
    needs: ['sse.publish'],
    mutants: ['leak-lf'],
    event: (marker) => ({ data: `${marker}\n\nevent: injected\ndata: forged-${marker}\n\n` }),
  },
  {
    id: 'sse/injection/carriage-return-in-data',
    title: 'does not let a carriage return in a payload start a field or event',
    needs: ['sse.publish'],
    mutants: ['leak-cr'],
    event: (marker) => ({ data: `${marker}\r\revent: injected\rdata: forged-${marker}\r\r` }),
  },
  {
    id: 'sse/injection/line-break-in-name',
    title: 'does not let a line break in an event name start a field',
    needs: ['sse.publish', 'sse.publish.event'],
    mutants: ['event-name-leaks-line-breaks', 'accept-everything'],
    event: (marker) => ({ data: marker, event: `x\rid: 7\ndata: forged-${marker}\n\ndata: more` }),
  },
  {
    id: 'sse/injection/line-break-in-id',
    title: 'does not let a line break in an id start a field',
    needs: ['sse.publish', 'sse.publish.id'],
    mutants: ['id-leaks-line-breaks', 'accept-everything'],
    event: (marker) => ({ data: marker, id: `${marker}\revent: x\ndata: forged-${marker}\n\ndata: more` }),
  },
]

/** A client parses the start of every line as a field, so an injected line gives the page an event that nobody published. */
export const injected = injections.map(({ id, title, needs, mutants, event }) =>
  check({
    id,
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
      kit.expect(
        !forged,
        'no field that nobody published',
        'the text after the line break was sent as a field',
      )
    },
  }),
)

export const nulInId = check({
  id: 'sse/injection/nul-in-id',
  title: 'sends no id with NUL, even if it was published with one',
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
    kit.expect(
      !written,
      'an id without NUL, or a rejected publication',
      'an id with NUL, which clients ignore',
    )
  },
})

// --- TLS --------------------------------------------------------------------------------------------------------

export const certificate = check({
  id: 'sse/tls/certificate',
  title: 'presents a certificate that is valid for its host',
  // RFC 9110 requires clients to verify the certificate, and to fail otherwise.
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
  title: 'rejects TLS 1.1 and older',
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
    const rejected = head === null && (tls === null || tls.error !== null)
    kit.expect(rejected, 'TLS 1.1 to be rejected', 'TLS 1.1 is accepted')
  },
})

export const plainText = check({
  id: 'sse/tls/plain-text',
  title: 'does not serve the stream on its plain-text address',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'no-plain-text' },
  topic,
  needs: ['sse.plain'],
  mutants: ['serve-plain-text'],
  expectations,
  async run(kit) {
    await kit.subscribe({ url: kit.sse.secureUrl ?? kit.sse.url })
    const answer = await sendRequest(kit, { url: kit.sse.plainUrl ?? kit.sse.url })
    kit.expect(!isEventStream(answer), 'a redirect to https, or an error status', describeResponse(answer))
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
    const answer = await sendRequest(kit, { url })
    kit.expect(!isEventStream(answer), 'plain text to be rejected', describeResponse(answer))
  },
})

export const noDowngrade = check({
  id: 'sse/tls/no-downgrade',
  title: 'does not redirect the secure address to a plain-text one',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'no-downgrade' },
  topic,
  needs: ['sse.tls'],
  mutants: ['redirect-to-plain-text'],
  expectations,
  async run(kit) {
    const head = (await sendRequest(kit, { url: kit.sse.secureUrl ?? kit.sse.url })).expectHead()
    const isDowngrade = head.status >= 300 && head.status < 400 && /^http:/i.test(head.get('location') ?? '')
    kit.expect(!isDowngrade, 'no redirect to http', `status ${head.status} with an http Location`)
  },
})

export const strictTransport = check({
  id: 'sse/tls/strict-transport',
  title: 'sends Strict-Transport-Security',
  level: 'MAY',
  clause: { spec: 'STREAMPROOF', section: 'strict-transport' },
  topic,
  needs: ['sse.tls'],
  mutants: ['no-strict-transport'],
  async run(kit) {
    const head = (await sendRequest(kit, { url: kit.sse.secureUrl ?? kit.sse.url })).expectHead()
    kit.expect(
      head.get('strict-transport-security') !== null,
      'a Strict-Transport-Security header',
      'no such header',
    )
  },
})

// --- Disclosure and names -----------------------------------------------------------------------------------------

export const foreignHost = check({
  id: 'sse/security/foreign-host',
  title: 'rejects a Host that is not its own (DNS rebinding)',
  // Serving any host is dangerous on a loopback or private address. A public server may serve any name.
  level: 'MAY',
  clause: { spec: 'STREAMPROOF', section: 'foreign-host-refused' },
  topic,
  mutants: ['serve-foreign-host', 'accept-everything'],
  async run(kit) {
    const control = await kit.subscribe()
    control.close()
    const answer = await sendRequest(kit, { headers: [['Host', 'streamproof.example']] })
    kit.expect(!isEventStream(answer), 'an error status', describeResponse(answer))
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
      sendRequest(kit, index === 0 ? { method: 'TRACE' } : { target: '/streamproof-%00-nowhere' }),
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
  title: 'does not disclose its software version',
  level: 'MAY',
  clause: { spec: 'STREAMPROOF', section: 'no-version-banner' },
  topic,
  mutants: ['version-banner'],
  async run(kit) {
    const head = (await sendRequest(kit)).expectHead()
    const banner = ['server', 'x-powered-by', 'via']
      .flatMap((name) => head.all(name))
      .find((value) => /\/\d+\.\d/.test(value))
    kit.expect(banner === undefined, 'no version number', quoted(banner ?? ''))
  },
})
