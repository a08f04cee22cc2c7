import type { Mutant } from '#reference/mutant'
import { strictSse } from '#reference/sse/rules'

const cors = 'FETCH/http-cors-protocol'

/** Mutants that let the wrong clients read the stream, or refuse the right ones. */
export const sseSecurityMutants: readonly Mutant[] = [
  {
    name: 'no-allow-origin',
    protocol: 'sse',
    breaks: 'The response to the allowed origin has no Access-Control-Allow-Origin.',
    clause: 'FETCH/cors-check',
    rules: { allowOrigin: () => null },
  },
  {
    name: 'wrong-allow-origin',
    protocol: 'sse',
    breaks: 'Access-Control-Allow-Origin names another origin.',
    clause: 'FETCH/cors-check',
    rules: { allowOrigin: () => 'https://other.example' },
  },
  {
    name: 'wildcard-with-credentials',
    protocol: 'sse',
    breaks: 'Access-Control-Allow-Origin is *, with credentials.',
    clause: 'FETCH/cors-check',
    rules: { allowOrigin: () => '*' },
  },
  {
    name: 'no-vary',
    protocol: 'sse',
    breaks: 'A response that depends on the origin has no Vary.',
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
    breaks: 'The origin null is allowed, which every page can obtain.',
    clause: cors,
    rules: {
      judgeOrigin: (origin, policy) =>
        origin === 'null' ? 'allowed' : strictSse.judgeOrigin(origin, policy),
    },
  },
  {
    name: 'cors-by-prefix',
    protocol: 'sse',
    breaks: 'An origin that begins with the allowed origin is allowed.',
    clause: cors,
    rules: {
      judgeOrigin: (origin, policy) =>
        origin?.startsWith(policy.allowed) === true ? 'allowed' : strictSse.judgeOrigin(origin, policy),
    },
  },
  {
    name: 'cors-by-suffix',
    protocol: 'sse',
    breaks: 'An origin whose host ends with the allowed host is allowed.',
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
    breaks: 'A preflight is rejected.',
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
    breaks: 'A request for another host is served.',
    clause: 'STREAMPROOF/foreign-host-refused',
    rules: { foreignHost: 'serve' },
  },
  {
    name: 'redirect-to-plain-text',
    protocol: 'sse',
    breaks: 'The secure address redirects clients to the plain-text one.',
    clause: 'STREAMPROOF/no-downgrade',
    rules: { redirectsToPlain: true, plainAddress: 'serve' },
  },
  {
    name: 'no-strict-transport',
    protocol: 'sse',
    breaks: 'Responses have no Strict-Transport-Security.',
    clause: 'STREAMPROOF/strict-transport',
    rules: { strictTransport: null },
  },
]
