import type { Mutant } from '#reference/mutant'
import { acceptFor, echoSubprotocol } from '#reference/websocket/rules'

type Headers = readonly (readonly [name: string, value: string])[]

const without = (headers: Headers, name: string): Headers =>
  headers.filter(([one]) => one.toLowerCase() !== name)

/** Opening handshakes: what is let pass, what is refused without reason, what is answered wrongly. */
export const handshakeMutants: readonly Omit<Mutant, 'protocol'>[] = [
  // --- The answer ---
  {
    name: 'answer-200',
    breaks: 'A good handshake is answered with status 200.',
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
    breaks: 'Sec-WebSocket-Accept is computed from another key.',
    clause: 'RFC6455/4.2.2',
    rules: { acceptOf: (key) => acceptFor(`${key}=`) },
  },
  {
    name: 'hash-untrimmed-key',
    breaks: 'Sec-WebSocket-Accept is computed with the whitespace around the key.',
    clause: 'RFC6455/4.2.2',
    rules: {
      acceptOf: (key, head) => {
        const line = head.lines.find((one) => /^sec-websocket-key:/i.test(one)) ?? ''
        // One space behind the colon is the usual form.
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

  // --- What is refused without reason ---
  refuse(
    'upgrade-case-sensitive',
    'upgrade-in-other-case',
    'The value of Upgrade is compared with regard to case.',
  ),
  refuse('connection-not-a-list', 'connection-list', 'Connection is not read as a list.'),
  refuse('header-order-matters', 'host-not-first', 'Headers are accepted in one order only.'),
  refuse(
    'header-names-case-sensitive',
    'header-name-in-other-case',
    'Header names are read with regard to case.',
  ),
  refuse('refuse-unknown-headers', 'unknown-header', 'Headers that are not known are refused.'),
  refuse(
    'refuse-absolute-target',
    'absolute-target',
    'A target in absolute form is refused.',
    'RFC9112/3.2.2',
  ),
  refuse(
    'refuse-segmented-handshake',
    'several-segments',
    'A handshake in many pieces is refused.',
    'RFC9112/2.2',
  ),
  refuse(
    'refuse-quoted-parameters',
    'quoted-parameter',
    'Quoted values of parameters are refused.',
    'RFC6455/9.1',
  ),
  refuse(
    'deflate-refuse-small-window',
    'small-window',
    'A handshake whose offer asks for the smallest window is refused whole.',
    'RFC7692/7.1.2.1',
  ),

  // --- What is let pass ---
  allow('allow-missing-key', 'key-missing', 'A handshake without a key is accepted.'),
  allow('allow-malformed-key', 'key-malformed', 'A key that is not base64 of 16 octets is accepted.'),
  allow('allow-two-keys', 'key-twice', 'Two keys are accepted.'),
  allow('allow-missing-version', 'version-missing', 'A handshake without a version is accepted.'),
  allow('allow-any-version', 'version-other', 'Any version is accepted.'),
  allow('allow-empty-version', 'version-empty', 'An empty version is accepted.'),
  allow('version-by-number', 'version-form', 'The version is read as a number.'),
  allow('allow-two-versions', 'version-twice', 'Two version headers are accepted.'),
  allow('allow-missing-upgrade', 'upgrade-missing', 'A handshake without Upgrade is accepted.'),
  allow('allow-other-upgrade', 'upgrade-other', 'An upgrade to something else is accepted.'),
  allow('allow-missing-connection', 'connection-missing', 'A handshake without Connection is accepted.'),
  allow('allow-other-connection', 'connection-other', 'A Connection header without upgrade is accepted.'),
  allow('allow-any-method', 'method', 'Any method opens a WebSocket.'),
  allow('allow-http-1-0', 'http-1.0', 'HTTP/1.0 opens a WebSocket.'),
  allow(
    'allow-malformed-subprotocols',
    'subprotocol-malformed',
    'Malformed offers of subprotocols are accepted.',
  ),
  allow('allow-malformed-extensions', 'extensions-malformed', 'Malformed offers of extensions are accepted.'),
  allowInHead('allow-missing-host', 'host-missing', 'A handshake without Host is accepted.', 'RFC6455/4.2.1'),
  allowInHead('allow-two-hosts', 'host-twice', 'Two Host headers are accepted.', 'RFC9112/3.2'),
  allowInHead(
    'allow-space-before-colon',
    'space-before-colon',
    'A space before the colon is accepted.',
    'RFC9112/5.1',
  ),
  allowInHead('allow-line-without-colon', 'no-colon', 'A line without a colon is skipped.', 'RFC9112/5'),
  {
    name: 'ignore-long-head',
    breaks: 'A head over the limit is never answered.',
    clause: 'RFC9110/5.4',
    rules: { longHead: 'ignore' },
  },

  // --- Refusals ---
  {
    name: 'refuse-by-fin',
    breaks: 'A bad handshake meets the end of the connection without an answer.',
    clause: 'RFC6455/4.2.1',
    rules: { refusal: 'fin' },
  },
  {
    name: 'refuse-with-500',
    breaks: 'A bad handshake is answered with status 500.',
    clause: 'RFC6455/10.7',
    rules: { refusalStatus: () => 500 },
  },
  {
    name: 'frames-after-refusal',
    breaks: 'Frames behind a refused handshake are processed.',
    clause: 'RFC6455/4.2.1',
    rules: { framesAfterRefusal: true },
  },
  {
    name: 'omit-version-list',
    breaks: 'The refusal of a version does not say which ones are spoken.',
    clause: 'RFC6455/4.4',
    rules: { refusalHeaders: (headers) => without(headers, 'sec-websocket-version') },
  },
  {
    name: 'malformed-version-list',
    breaks: 'The list of versions breaks its grammar.',
    clause: 'RFC6455/4.3',
    rules: {
      refusalHeaders: (headers) =>
        headers.map(([name, value]) => [name, name === 'Sec-WebSocket-Version' ? '13, 08' : value]),
    },
  },

  // --- Subprotocols and extensions ---
  {
    name: 'subprotocol-without-offer',
    breaks: 'A subprotocol is named although none was offered.',
    clause: 'RFC6455/4.2.2',
    rules: {
      subprotocolOf: (offered) => (offered.length === 0 ? echoSubprotocol : (offered.flat()[0] ?? null)),
    },
  },
  {
    name: 'subprotocol-not-offered',
    breaks: 'A subprotocol is chosen that was not offered.',
    clause: 'RFC6455/4.2.2',
    rules: { subprotocolOf: (offered) => (offered.length === 0 ? null : echoSubprotocol) },
  },
  {
    name: 'two-subprotocols',
    breaks: 'Two subprotocols are chosen.',
    clause: 'RFC6455/11.3.4',
    rules: { subprotocolOf: (offered) => offered.flat().slice(0, 2).join(', ') || null },
  },
  {
    name: 'first-subprotocol-line-only',
    breaks: 'Only the first line of offered subprotocols is read.',
    clause: 'RFC6455/11.3.4',
    rules: {
      subprotocolOf: ([first]) => (first?.includes(echoSubprotocol) === true ? echoSubprotocol : null),
    },
  },
  {
    name: 'extension-without-offer',
    breaks: 'An extension is named although none was offered.',
    clause: 'RFC6455/4.2.2',
    rules: { extensionsAnswer: (agreed, offered) => (offered ? agreed : 'x-streamproof') },
  },
  {
    name: 'extension-echoed',
    breaks: 'Extensions that are not known are accepted.',
    clause: 'RFC6455/9.1',
    rules: { extensionsAnswer: (agreed, offered) => agreed ?? (offered ? 'x-streamproof-unknown' : null) },
  },
  {
    name: 'first-extension-line-only',
    breaks: 'Only the first line of offered extensions is read.',
    clause: 'RFC6455/9.1',
    rules: { extensionLines: 'first' },
  },

  // --- Origin ---
  {
    name: 'refuse-allowed-origin',
    breaks: 'The allowed origin is refused where its header is there.',
    clause: 'RFC6455/4.2.2',
    rules: { originAccepted: (origin) => origin === null },
  },
  {
    name: 'allow-denied-origin',
    breaks: 'Every origin is accepted.',
    clause: 'RFC6455/10.2',
    rules: { originAccepted: () => true },
  },
  {
    name: 'refuse-origin-with-400',
    breaks: 'An origin is refused with status 400.',
    clause: 'RFC6455/10.2',
    rules: { originStatus: 400 },
  },
  {
    name: 'allow-null-origin',
    breaks: 'The origin null is accepted.',
    clause: 'RFC6455/10.2',
    rules: {
      originAccepted: (origin, { allowed }) => origin === null || origin === 'null' || origin === allowed,
    },
  },
  {
    name: 'origin-by-prefix',
    breaks: 'An origin is accepted by how it begins.',
    clause: 'RFC6455/10.2',
    rules: { originAccepted: (origin, { allowed }) => origin === null || origin.startsWith(allowed) },
  },
  {
    name: 'origin-by-suffix',
    breaks: 'An origin is accepted by how its host ends.',
    clause: 'RFC6455/10.2',
    rules: {
      originAccepted: (origin, { allowed }) =>
        origin === null || origin.endsWith(allowed.replace(/^.*:\/\//, '')),
    },
  },
]

type Rule<Key extends keyof Mutant['rules']> =
  NonNullable<Mutant['rules'][Key]> extends readonly (infer One)[] ? One : never

function refuse(
  name: string,
  scruple: Rule<'refusesInHandshake'>,
  breaks: string,
  clause = 'RFC6455/4.2.1',
): Omit<Mutant, 'protocol'> {
  return { name, breaks, clause, rules: { refusesInHandshake: [scruple] } }
}

function allow(name: string, breach: Rule<'toleratesInHandshake'>, breaks: string): Omit<Mutant, 'protocol'> {
  return { name, breaks, clause: 'RFC6455/4.2.1', rules: { toleratesInHandshake: [breach] } }
}

function allowInHead(
  name: string,
  breach: Rule<'toleratesInHead'>,
  breaks: string,
  clause: string,
): Omit<Mutant, 'protocol'> {
  return { name, breaks, clause, rules: { toleratesInHead: [breach] } }
}
