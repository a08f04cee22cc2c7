import type { Mutant } from '#reference/mutant'
import { strictSse } from '#reference/sse/rules'

const cors = 'FETCH/http-cors-protocol'

/** Who may read the stream. */
export const sseSecurityMutants: readonly Mutant[] = [
  {
    name: 'no-allow-origin',
    protocol: 'sse',
    breaks: 'The allowed origin is not told that it may read.',
    clause: 'FETCH/cors-check',
    rules: { allowOrigin: () => null },
  },
  {
    name: 'wrong-allow-origin',
    protocol: 'sse',
    breaks: 'The allowed origin is told that another one may read.',
    clause: 'FETCH/cors-check',
    rules: { allowOrigin: () => 'https://other.example' },
  },
  {
    name: 'wildcard-with-credentials',
    protocol: 'sse',
    breaks: 'Every origin is allowed, with credentials, which no browser accepts.',
    clause: 'FETCH/cors-check',
    rules: { allowOrigin: () => '*' },
  },
  {
    name: 'no-vary',
    protocol: 'sse',
    breaks: 'An answer that depends on the origin does not say so.',
    clause: 'FETCH/cors-protocol-and-http-caches',
    rules: { varies: false },
  },
  {
    name: 'serve-denied-origin',
    protocol: 'sse',
    breaks: 'Every origin is allowed.',
    clause: cors,
    rules: { judgeOrigin: (origin) => (origin === null ? 'same' : 'allowed') },
  },
  {
    name: 'cors-null-origin',
    protocol: 'sse',
    breaks: 'The origin null is allowed, which any page can make.',
    clause: cors,
    rules: {
      judgeOrigin: (origin, policy) =>
        origin === 'null' ? 'allowed' : strictSse.judgeOrigin(origin, policy),
    },
  },
  {
    name: 'cors-by-prefix',
    protocol: 'sse',
    breaks: 'An origin that begins like the allowed one is allowed.',
    clause: cors,
    rules: {
      judgeOrigin: (origin, policy) =>
        origin?.startsWith(policy.allowed) === true ? 'allowed' : strictSse.judgeOrigin(origin, policy),
    },
  },
  {
    name: 'cors-by-suffix',
    protocol: 'sse',
    breaks: 'An origin that ends like the allowed one is allowed.',
    clause: cors,
    rules: {
      judgeOrigin: (origin, policy) =>
        origin?.endsWith(new URL(policy.allowed).host) === true
          ? 'allowed'
          : strictSse.judgeOrigin(origin, policy),
    },
  },
  {
    name: 'no-preflight',
    protocol: 'sse',
    breaks: 'A preflight is refused.',
    clause: 'FETCH/cors-preflight-fetch',
    rules: { preflight: 'refuse' },
  },
  {
    name: 'preflight-without-cursor',
    protocol: 'sse',
    breaks: 'A preflight does not allow Last-Event-ID.',
    clause: 'FETCH/cors-preflight-fetch',
    rules: { preflightHeaders: 'Cache-Control' },
  },
  {
    name: 'serve-foreign-host',
    protocol: 'sse',
    breaks: 'A request for a host that is not this one is served.',
    clause: 'STREAMPROOF/foreign-host-refused',
    rules: { foreignHost: 'serve' },
  },
  {
    name: 'redirect-to-plain-text',
    protocol: 'sse',
    breaks: 'The secure address sends clients to the plain-text one.',
    clause: 'STREAMPROOF/no-downgrade',
    rules: { redirectsToPlain: true, plainAddress: 'serve' },
  },
  {
    name: 'no-strict-transport',
    protocol: 'sse',
    breaks: 'Clients are not told to stay with https.',
    clause: 'STREAMPROOF/strict-transport',
    rules: { strictTransport: null },
  },
]
