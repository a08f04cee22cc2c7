import { check } from '#peers/kit'
import type { HttpAnswer, Kit, RequestOptions, Section } from '#peers/kit'
import { describeResponse, sendRequest, isEventStream } from './support.ts'

export const section: Section = {
  protocol: 'sse',
  order: 960,
  title: 'Fetch: which origins may read the stream',
}

const topic = 'security'
const expectations = ['EXP-SEC-3']

function withOrigin(origin: string | null): RequestOptions {
  return { headers: [['Origin', origin ?? '']] }
}

/** The origin that the response allows to read it: null for none, one origin, or `*`. */
function allowedOriginOf({ head }: HttpAnswer): string | null {
  return head?.get('access-control-allow-origin') ?? null
}

function allowsCredentials({ head }: HttpAnswer): boolean {
  return head?.get('access-control-allow-credentials') === 'true'
}

/** The preflight of a page that sets Last-Event-ID itself, for instance with a client built on fetch. */
function preflight(kit: Kit, origin: string | null): Promise<HttpAnswer> {
  return sendRequest(kit, {
    method: 'OPTIONS',
    headers: [
      ['Origin', origin ?? ''],
      ['Access-Control-Request-Method', 'GET'],
      ['Access-Control-Request-Headers', 'last-event-id'],
    ],
  })
}

export const allowedOrigin = check({
  id: 'sse/cors/allowed-origin',
  title: 'sends Access-Control-Allow-Origin for the allowed origin',
  // A response that does not pass the CORS check is a network error: the page never receives an event.
  level: 'MUST',
  clause: { spec: 'FETCH', section: 'cors-check' },
  topic,
  needs: ['sse.allowed-origin'],
  mutants: ['no-allow-origin', 'wrong-allow-origin'],
  expectations,
  async run(kit) {
    const answer = await sendRequest(kit, withOrigin(kit.sse.allowedOrigin))
    kit.expect(isEventStream(answer), 'the stream', describeResponse(answer))
    const allowed = allowedOriginOf(answer)
    kit.expect(
      [kit.sse.allowedOrigin, '*'].includes(allowed),
      'Access-Control-Allow-Origin with the origin',
      allowed === null ? 'no such header' : 'another origin',
    )
  },
})

export const noWildcardWithCredentials = check({
  id: 'sse/cors/no-wildcard-with-credentials',
  title: 'does not send Access-Control-Allow-Origin: * with credentials',
  level: 'SHOULD',
  clause: { spec: 'FETCH', section: 'cors-check' },
  topic,
  mutants: ['wildcard-with-credentials'],
  expectations,
  async run(kit) {
    const answer = await sendRequest(kit, withOrigin(kit.sse.allowedOrigin ?? 'https://streamproof.example'))
    answer.expectHead()
    const both = allowedOriginOf(answer) === '*' && allowsCredentials(answer)
    kit.expect(!both, 'a named origin if credentials are allowed', '* with credentials')
  },
})

export const vary = check({
  id: 'sse/cors/vary',
  title: 'sends Vary: Origin if the response depends on the origin',
  level: 'SHOULD',
  clause: { spec: 'FETCH', section: 'cors-protocol-and-http-caches' },
  topic,
  needs: ['sse.allowed-origin'],
  mutants: ['no-vary'],
  expectations,
  async run(kit) {
    const answer = await sendRequest(kit, withOrigin(kit.sse.allowedOrigin))
    const varies = answer
      .expectHead()
      .list('vary')
      .map((name) => name.toLowerCase())
    const named = allowedOriginOf(answer) === kit.sse.allowedOrigin
    kit.expect(!named || varies.includes('origin') || varies.includes('*'), 'Vary: Origin', 'no such header')
  },
})

export const deniedOrigin = check({
  id: 'sse/cors/denied-origin',
  title: 'does not allow the denied origin to read the stream',
  level: 'MUST',
  clause: { spec: 'FETCH', section: 'cors-check' },
  topic,
  needs: ['sse.denied-origin'],
  mutants: ['serve-denied-origin', 'accept-everything'],
  expectations,
  async run(kit) {
    const answer = await sendRequest(kit, withOrigin(kit.sse.deniedOrigin))
    answer.expectHead()
    const allowed = [kit.sse.deniedOrigin, '*'].includes(allowedOriginOf(answer))
    kit.expect(!allowed, 'no Access-Control-Allow-Origin for it', 'the origin is allowed')
  },
})

export const noReflection = check({
  id: 'sse/cors/no-reflection',
  title: 'does not reflect an unknown origin with credentials allowed',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'no-origin-reflection' },
  topic,
  mutants: ['serve-denied-origin', 'accept-everything'],
  expectations,
  async run(kit) {
    const origin = `https://${kit.nonce()}.example`
    const answer = await sendRequest(kit, withOrigin(origin))
    answer.expectHead()
    const reflected = allowedOriginOf(answer) === origin && allowsCredentials(answer)
    kit.expect(!reflected, 'no permission for an unknown origin', 'the origin is allowed, with credentials')
  },
})

export const nullOrigin = check({
  id: 'sse/cors/null-origin',
  // Every page can obtain the origin null with a sandboxed frame.
  title: 'does not allow the origin null with credentials',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'no-null-origin' },
  topic,
  mutants: ['cors-null-origin', 'serve-denied-origin'],
  expectations,
  async run(kit) {
    const answer = await sendRequest(kit, withOrigin('null'))
    answer.expectHead()
    const granted = allowedOriginOf(answer) === 'null' && allowsCredentials(answer)
    kit.expect(!granted, 'no permission for the origin null', 'the origin is allowed, with credentials')
  },
})

const similar = [
  {
    id: 'sse/cors/similar-prefix',
    title: 'does not allow an origin that begins with the allowed origin',
    similarTo: (allowed: string) => `${allowed}.streamproof.invalid`,
    mutant: 'cors-by-prefix',
  },
  {
    id: 'sse/cors/similar-suffix',
    title: 'does not allow an origin whose host ends with the allowed host',
    similarTo: (allowed: string) => allowed.replace('://', '://streamproof-'),
    mutant: 'cors-by-suffix',
  },
]

export const similarOrigins = similar.map(({ id, title, similarTo, mutant }) =>
  check({
    id,
    title,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'origin-compared-whole' },
    topic,
    needs: ['sse.allowed-origin'],
    mutants: [mutant],
    expectations,
    async run(kit) {
      const origin = similarTo(kit.sse.allowedOrigin ?? '')
      const answer = await sendRequest(kit, withOrigin(origin))
      answer.expectHead()
      kit.expect(
        allowedOriginOf(answer) !== origin,
        'no permission for a similar origin',
        'the origin is allowed',
      )
    },
  }),
)

export const preflightAnswered = check({
  id: 'sse/cors/preflight',
  title: "answers the allowed origin's preflight and allows Last-Event-ID",
  // Clients that are built on fetch send a preflight when they resume.
  level: 'SHOULD',
  clause: { spec: 'FETCH', section: 'cors-preflight-fetch' },
  topic,
  needs: ['sse.allowed-origin'],
  mutants: ['no-preflight', 'preflight-without-cursor', 'no-allow-origin'],
  expectations,
  async run(kit) {
    const answer = await preflight(kit, kit.sse.allowedOrigin)
    const head = answer.expectHead()
    kit.expect(head.status >= 200 && head.status <= 299, 'a 2xx status', `status ${head.status}`)
    const allowed = [kit.sse.allowedOrigin, '*'].includes(allowedOriginOf(answer))
    kit.expect(allowed, 'Access-Control-Allow-Origin with the origin', 'no such header')
    const names = head.list('access-control-allow-headers').map((name) => name.toLowerCase())
    const granted = names.includes('last-event-id') || (names.includes('*') && !allowsCredentials(answer))
    kit.expect(granted, 'Access-Control-Allow-Headers with Last-Event-ID', 'no such header')
  },
})

export const preflightDenied = check({
  id: 'sse/cors/preflight-denied',
  title: 'does not allow the preflight of the denied origin',
  level: 'SHOULD',
  clause: { spec: 'FETCH', section: 'cors-preflight-fetch' },
  topic,
  needs: ['sse.denied-origin'],
  mutants: ['serve-denied-origin', 'accept-everything'],
  expectations,
  async run(kit) {
    const answer = await preflight(kit, kit.sse.deniedOrigin)
    answer.expectHead()
    const allowed = [kit.sse.deniedOrigin, '*'].includes(allowedOriginOf(answer))
    kit.expect(!allowed, 'no Access-Control-Allow-Origin for it', 'the origin is allowed')
  },
})
