import { check } from '#peers/kit'
import type { HttpAnswer, Kit, RequestOptions, Section } from '#peers/kit'
import { answered, ask, streams } from './support.ts'

export const section: Section = { protocol: 'sse', order: 960, title: 'Fetch: who may read the stream' }

const topic = 'security'
const expectations = ['EXP-SEC-3']

function from(origin: string | null): RequestOptions {
  return { headers: [['Origin', origin ?? '']] }
}

/** The origins that the response lets read it: none, one, or `*`. */
function allowed({ head }: HttpAnswer): string | null {
  return head?.get('access-control-allow-origin') ?? null
}

function withCredentials({ head }: HttpAnswer): boolean {
  return head?.get('access-control-allow-credentials') === 'true'
}

/** A preflight as a page sends it that resumes by its own means. */
function preflight(kit: Kit, origin: string | null): Promise<HttpAnswer> {
  return ask(kit, {
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
  title: 'tells the allowed origin that it may read the stream',
  // A response that does not pass the check is a network error: the page never gets an event.
  level: 'MUST',
  clause: { spec: 'FETCH', section: 'cors-check' },
  topic,
  needs: ['sse.allowed-origin'],
  mutants: ['no-allow-origin', 'wrong-allow-origin'],
  expectations,
  async run(kit) {
    const answer = await ask(kit, from(kit.sse.allowedOrigin))
    kit.expect(streams(answer), 'the stream', answered(answer))
    const told = [kit.sse.allowedOrigin, '*'].includes(allowed(answer))
    kit.expect(
      told,
      'Access-Control-Allow-Origin with the origin',
      allowed(answer) === null ? 'none' : 'another',
    )
  },
})

export const noWildcardWithCredentials = check({
  id: 'sse/cors/no-wildcard-with-credentials',
  title: 'does not allow every origin with credentials, which no browser accepts',
  level: 'SHOULD',
  clause: { spec: 'FETCH', section: 'cors-check' },
  topic,
  mutants: ['wildcard-with-credentials'],
  expectations,
  async run(kit) {
    const answer = await ask(kit, from(kit.sse.allowedOrigin ?? 'https://streamproof.example'))
    answer.expectHead()
    const both = allowed(answer) === '*' && withCredentials(answer)
    kit.expect(!both, 'an origin by name where credentials are allowed', '* with credentials')
  },
})

export const vary = check({
  id: 'sse/cors/vary',
  title: 'says that the answer depends on the origin, where it does',
  level: 'SHOULD',
  clause: { spec: 'FETCH', section: 'cors-protocol-and-http-caches' },
  topic,
  needs: ['sse.allowed-origin'],
  mutants: ['no-vary'],
  expectations,
  async run(kit) {
    const answer = await ask(kit, from(kit.sse.allowedOrigin))
    const varies = answer
      .expectHead()
      .list('vary')
      .map((one) => one.toLowerCase())
    const named = allowed(answer) === kit.sse.allowedOrigin
    kit.expect(!named || varies.includes('origin') || varies.includes('*'), 'Vary: Origin', 'no such Vary')
  },
})

export const deniedOrigin = check({
  id: 'sse/cors/denied-origin',
  title: 'does not let the denied origin read the stream',
  level: 'MUST',
  clause: { spec: 'FETCH', section: 'cors-check' },
  topic,
  needs: ['sse.denied-origin'],
  mutants: ['serve-denied-origin', 'accept-everything'],
  expectations,
  async run(kit) {
    const answer = await ask(kit, from(kit.sse.deniedOrigin))
    answer.expectHead()
    const told = [kit.sse.deniedOrigin, '*'].includes(allowed(answer))
    kit.expect(!told, 'no Access-Control-Allow-Origin for it', 'the origin is told that it may read')
  },
})

export const noReflection = check({
  id: 'sse/cors/no-reflection',
  title: 'does not allow whatever origin asks, with credentials',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'no-origin-reflection' },
  topic,
  mutants: ['serve-denied-origin', 'accept-everything'],
  expectations,
  async run(kit) {
    const origin = `https://${kit.nonce()}.example`
    const answer = await ask(kit, from(origin))
    answer.expectHead()
    const reflected = allowed(answer) === origin && withCredentials(answer)
    kit.expect(!reflected, 'an unknown origin not to be allowed', 'any origin is allowed, with credentials')
  },
})

export const nullOrigin = check({
  id: 'sse/cors/null-origin',
  title: 'does not allow the origin null with credentials: any page can make it by a sandboxed frame',
  level: 'SHOULD',
  clause: { spec: 'STREAMPROOF', section: 'no-null-origin' },
  topic,
  mutants: ['cors-null-origin', 'serve-denied-origin'],
  expectations,
  async run(kit) {
    const answer = await ask(kit, from('null'))
    answer.expectHead()
    const granted = allowed(answer) === 'null' && withCredentials(answer)
    kit.expect(!granted, 'the origin null not to be allowed', 'it is allowed, with credentials')
  },
})

const similar = [
  {
    name: 'prefix',
    what: 'begins like',
    origin: (known: string) => `${known}.streamproof.invalid`,
    mutant: 'cors-by-prefix',
  },
  {
    name: 'suffix',
    what: 'ends like',
    origin: (known: string) => known.replace('://', '://streamproof-'),
    mutant: 'cors-by-suffix',
  },
]

export const similarOrigins = similar.map(({ name, what, origin, mutant }) =>
  check({
    id: `sse/cors/similar-${name}`,
    title: `does not take an origin that ${what} the allowed one for it`,
    level: 'SHOULD',
    clause: { spec: 'STREAMPROOF', section: 'origin-compared-whole' },
    topic,
    needs: ['sse.allowed-origin'],
    mutants: [mutant],
    expectations,
    async run(kit) {
      const other = origin(kit.sse.allowedOrigin ?? '')
      const answer = await ask(kit, from(other))
      answer.expectHead()
      kit.expect(allowed(answer) !== other, 'a similar origin not to be allowed', 'it is allowed')
    },
  }),
)

export const preflightAnswered = check({
  id: 'sse/cors/preflight',
  title: 'answers the preflight of the allowed origin, and allows Last-Event-ID',
  // Clients that are built on fetch send one when they resume.
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
    const told = [kit.sse.allowedOrigin, '*'].includes(allowed(answer))
    kit.expect(told, 'Access-Control-Allow-Origin with the origin', 'no such header')
    const names = head.list('access-control-allow-headers').map((one) => one.toLowerCase())
    const granted = names.includes('last-event-id') || (names.includes('*') && !withCredentials(answer))
    kit.expect(granted, 'Access-Control-Allow-Headers with Last-Event-ID', 'no such header')
  },
})

export const preflightDenied = check({
  id: 'sse/cors/preflight-denied',
  title: 'does not grant the preflight of the denied origin',
  level: 'SHOULD',
  clause: { spec: 'FETCH', section: 'cors-preflight-fetch' },
  topic,
  needs: ['sse.denied-origin'],
  mutants: ['serve-denied-origin', 'accept-everything'],
  expectations,
  async run(kit) {
    const answer = await preflight(kit, kit.sse.deniedOrigin)
    answer.expectHead()
    const told = [kit.sse.deniedOrigin, '*'].includes(allowed(answer))
    kit.expect(!told, 'no Access-Control-Allow-Origin for it', 'the origin is told that it may ask')
  },
})
