import type { Mutant } from '#reference/mutant'
import { acceptFor } from '#reference/websocket/rules'
import type { Entry } from './websocket-entry.ts'

type Headers = readonly (readonly [name: string, value: string])[]

const without = (headers: Headers, name: string): Headers =>
  headers.filter(([header]) => header.toLowerCase() !== name)

/** Servers that accept an invalid opening handshake, reject a valid one, or send a wrong response. */
export const handshakeMutants: readonly Entry[] = [
  // --- The response ---
  {
    name: 'answer-200',
    breaks: 'The server answers a valid handshake with status 200.',
    clause: 'RFC6455/4.2.2',
    rules: { acceptStatus: 200 },
  },
  {
    name: 'omit-upgrade',
    breaks: 'The 101 has no Upgrade header.',
    clause: 'RFC6455/4.2.2',
    rules: { answerHeaders: (headers) => without(headers, 'upgrade') },
  },
  {
    name: 'omit-connection',
    breaks: 'The 101 has no Connection header.',
    clause: 'RFC6455/4.2.2',
    rules: { answerHeaders: (headers) => without(headers, 'connection') },
  },
  {
    name: 'wrong-accept',
    breaks: 'The server computes Sec-WebSocket-Accept from another key.',
    clause: 'RFC6455/4.2.2',
    rules: { acceptOf: (key) => acceptFor(`${key}=`) },
  },
  {
    name: 'hash-untrimmed-key',
    breaks: 'The server includes the whitespace around the key in Sec-WebSocket-Accept.',
    clause: 'RFC6455/4.2.2',
    rules: {
      acceptOf: (key, head) => {
        const line = head.lines.find((header) => /^sec-websocket-key:/i.test(header)) ?? ''
        // One space after the colon is the usual form.
        return acceptFor(line.replace(/^[^:]*: ?/, '') || key)
      },
    },
  },
  {
    name: 'accept-header-twice',
    breaks: 'The 101 has two Sec-WebSocket-Accept headers.',
    clause: 'RFC6455/11.3.3',
    rules: {
      answerHeaders: (headers) => [
        ...headers,
        ...headers.filter(([name]) => name === 'Sec-WebSocket-Accept'),
      ],
    },
  },
  {
    name: 'content-length-on-101',
    breaks: 'The 101 has a Content-Length.',
    clause: 'RFC9110/8.6',
    rules: { answerHeaders: (headers) => [...headers, ['Content-Length', '0']] },
  },
  {
    name: 'transfer-encoding-on-101',
    breaks: 'The 101 has a Transfer-Encoding.',
    clause: 'RFC9112/6.1',
    rules: { answerHeaders: (headers) => [...headers, ['Transfer-Encoding', 'chunked']] },
  },

  // --- Valid handshakes that are rejected ---
  overStrict(
    'upgrade-case-sensitive',
    'upgrade-in-other-case',
    'The server compares the value of Upgrade case-sensitively.',
  ),
  overStrict('connection-not-a-list', 'connection-list', 'The server does not read Connection as a list.'),
  overStrict('header-order-matters', 'host-not-first', 'The server accepts headers in one order only.'),
  overStrict(
    'header-names-case-sensitive',
    'header-name-in-other-case',
    'The server compares header names case-sensitively.',
  ),
  overStrict('refuse-unknown-headers', 'unknown-header', 'The server rejects unknown headers.'),
  overStrict(
    'refuse-absolute-target',
    'absolute-target',
    'The server rejects a request target in absolute form.',
    'RFC9112/3.2.2',
  ),
  overStrict(
    'refuse-segmented-handshake',
    'several-segments',
    'The server rejects a handshake in many segments.',
    'RFC9112/2.2',
  ),
  overStrict(
    'refuse-quoted-parameters',
    'quoted-parameter',
    'The server rejects quoted parameter values.',
    'RFC6455/9.1',
  ),
  overStrict(
    'deflate-refuse-small-window',
    'small-window',
    'The server rejects a handshake with an offer of the smallest window.',
    'RFC7692/7.1.2.1',
  ),

  // --- Invalid handshakes that are accepted ---
  allow('allow-missing-key', 'key-missing', 'The server accepts a handshake without a key.'),
  allow('allow-malformed-key', 'key-malformed', 'The server accepts a key that is not base64 of 16 bytes.'),
  allow('allow-two-keys', 'key-twice', 'The server accepts two keys.'),
  allow('allow-missing-version', 'version-missing', 'The server accepts a handshake without a version.'),
  allow('allow-any-version', 'version-other', 'The server accepts any version.'),
  allow('allow-empty-version', 'version-empty', 'The server accepts an empty version.'),
  allow('version-by-number', 'version-form', 'The server parses the version as a number.'),
  allow('allow-two-versions', 'version-twice', 'The server accepts two version headers.'),
  allow('allow-missing-upgrade', 'upgrade-missing', 'The server accepts a handshake without Upgrade.'),
  allow('allow-other-upgrade', 'upgrade-other', 'The server accepts an Upgrade to another protocol.'),
  allow(
    'allow-missing-connection',
    'connection-missing',
    'The server accepts a handshake without Connection.',
  ),
  allow(
    'allow-other-connection',
    'connection-other',
    'The server accepts a Connection header without upgrade.',
  ),
  allow('allow-any-method', 'method', 'The server accepts a handshake with any method.'),
  allow('allow-http-1-0', 'http-1.0', 'The server accepts a handshake over HTTP/1.0.'),
  allow(
    'allow-malformed-subprotocols',
    'subprotocol-malformed',
    'The server accepts malformed subprotocol offers.',
  ),
  allow(
    'allow-malformed-extensions',
    'extensions-malformed',
    'The server accepts malformed extension offers.',
  ),
  allowInHead(
    'allow-missing-host',
    'host-missing',
    'The server accepts a handshake without Host.',
    'RFC6455/4.2.1',
  ),
  allowInHead('allow-two-hosts', 'host-twice', 'The server accepts two Host headers.', 'RFC9112/3.2'),
  allowInHead(
    'allow-space-before-colon',
    'space-before-colon',
    'The server accepts a space before the colon.',
    'RFC9112/5.1',
  ),
  allowInHead(
    'allow-line-without-colon',
    'no-colon',
    'The server skips a header line without a colon.',
    'RFC9112/5',
  ),
  {
    name: 'ignore-long-head',
    breaks: 'The server never answers a request head over its limit.',
    clause: 'RFC9110/5.4',
    rules: { longHead: 'ignore' },
  },

  // --- Rejections ---
  {
    name: 'refuse-by-fin',
    breaks: 'The server closes after an invalid handshake without a response.',
    clause: 'RFC6455/4.2.1',
    rules: { refusal: 'fin' },
  },
  {
    name: 'refuse-with-500',
    breaks: 'The server answers an invalid handshake with status 500.',
    clause: 'RFC6455/10.7',
    rules: { refusalStatus: () => 500 },
  },
  {
    name: 'frames-after-refusal',
    breaks: 'The server processes frames after a rejected handshake.',
    clause: 'RFC6455/4.2.1',
    rules: { framesAfterRefusal: true },
  },
  {
    name: 'omit-version-list',
    breaks: 'The server rejects a version without naming those it supports.',
    clause: 'RFC6455/4.4',
    rules: { refusalHeaders: (headers) => without(headers, 'sec-websocket-version') },
  },
  {
    name: 'malformed-version-list',
    breaks: 'The server sends a malformed list of versions.',
    clause: 'RFC6455/4.3',
    rules: {
      refusalHeaders: (headers) =>
        headers.map(([name, value]) => [name, name === 'Sec-WebSocket-Version' ? '13, 08' : value]),
    },
  },
]

/** The elements of a rule that is a list. */
type Element<Key extends keyof Mutant['rules']> =
  NonNullable<Mutant['rules'][Key]> extends readonly (infer Item)[] ? Item : never

function overStrict(
  name: string,
  rule: Element<'rejectsInHandshake'>,
  breaks: string,
  clause = 'RFC6455/4.2.1',
): Entry {
  return { name, breaks, clause, rules: { rejectsInHandshake: [rule] } }
}

function allow(name: string, violation: Element<'toleratesInHandshake'>, breaks: string): Entry {
  return { name, breaks, clause: 'RFC6455/4.2.1', rules: { toleratesInHandshake: [violation] } }
}

function allowInHead(
  name: string,
  violation: Element<'toleratesInHead'>,
  breaks: string,
  clause: string,
): Entry {
  return { name, breaks, clause, rules: { toleratesInHead: [violation] } }
}
