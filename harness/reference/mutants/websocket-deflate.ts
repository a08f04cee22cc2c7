import type { Mutant } from '#reference/mutant'
import { opcodes } from '#reference/websocket/frames'
import type { OverStrictFrameRule, OfferViolation, WebSocketRules } from '#reference/websocket/rules'
import type { Entry } from './websocket-entry.ts'

const offers = 'RFC7692/7'
const messages = 'RFC7692/6'

const omit = (parameters: readonly string[], name: string): readonly string[] =>
  parameters.filter((parameter) => !parameter.startsWith(name))

/** Servers that break a rule of permessage-deflate: in its negotiation, or in messages. */
export const deflateMutants: readonly Entry[] = [
  // --- Negotiation ---
  rule('deflate-without-offer', 'The server names compression although it was not offered.', 'RFC7692/5', {
    extensionsAnswer: (agreed) => agreed ?? 'permessage-deflate',
  }),
  acceptOffer(
    'deflate-accept-unknown-parameter',
    'unknown-parameter',
    'The server ignores undefined parameters.',
  ),
  acceptOffer(
    'deflate-accept-repeated-parameter',
    'repeated-parameter',
    'The server accepts repeated parameters.',
  ),
  acceptOffer('deflate-accept-invalid-value', 'invalid-value', 'The server ignores invalid window sizes.'),
  acceptOffer(
    'deflate-accept-unexpected-value',
    'unexpected-value',
    'The server ignores the value of a parameter that has none.',
  ),
  rule('deflate-first-offer-only', 'The server considers the first offer only.', 'RFC7692/5.1', {
    deflateOffers: 'first',
  }),
  rule('deflate-accept-twice', 'The server accepts two offers at once.', 'RFC7692/5.1', {
    extensionsAnswer: (agreed) => (agreed === null ? null : `${agreed}, permessage-deflate`),
  }),
  answer(
    'deflate-omit-no-takeover',
    'The server accepts server_no_context_takeover without naming it.',
    '7.1.1.1',
    (parameters) => omit(parameters, 'server_no_context_takeover'),
  ),
  answer(
    'deflate-omit-window',
    'The server accepts server_max_window_bits without naming it.',
    '7.1.2.1',
    (parameters) => omit(parameters, 'server_max_window_bits'),
  ),
  answer(
    'deflate-larger-window',
    'The server names a window larger than the offered one.',
    '7.1.2.1',
    (parameters) =>
      parameters.map((parameter) =>
        parameter.startsWith('server_max_window_bits') ? 'server_max_window_bits=15' : parameter,
      ),
  ),
  answer(
    'deflate-client-window-without-offer',
    'The server limits the client window without an offer.',
    '7.1.2.2',
    (parameters) => [...omit(parameters, 'client_max_window_bits'), 'client_max_window_bits=15'],
  ),
  answer(
    'deflate-larger-client-window',
    'The server names a client window larger than the offered one.',
    '7.1.2.2',
    (parameters) =>
      parameters.map((parameter) =>
        parameter.startsWith('client_max_window_bits') ? 'client_max_window_bits=15' : parameter,
      ),
  ),
  answer(
    'deflate-client-window-without-value',
    'The server names the client window without a value.',
    '7.1.2.2',
    (parameters) =>
      parameters.map((parameter) =>
        parameter.startsWith('client_max_window_bits') ? 'client_max_window_bits' : parameter,
      ),
  ),
  answer(
    'deflate-answer-unknown-parameter',
    'The response has an undefined parameter.',
    '7.1',
    (parameters) => [...parameters, 'streamproof'],
  ),

  // --- Messages received ---
  overStrict('deflate-misread', 'deflate', 'The server fails to inflate any message.', '7.2.2'),
  overStrict(
    'deflate-forget-context',
    'deflate-context',
    'The server forgets the context of the client.',
    '7.2.3.2',
  ),
  overStrict(
    'deflate-refuse-stored-block',
    'deflate-stored-block',
    'The server rejects blocks without compression.',
    '7.2.3.3',
  ),
  overStrict(
    'deflate-refuse-final-block',
    'deflate-final-block',
    'The server rejects blocks with BFINAL.',
    '7.2.3.4',
  ),
  overStrict(
    'deflate-first-block-only',
    'deflate-second-block',
    'The server reads the first block only.',
    '7.2.3.5',
  ),
  overStrict(
    'deflate-refuse-empty',
    'deflate-empty',
    'The server rejects empty compressed messages.',
    '7.2.3.6',
  ),
  overStrict(
    'deflate-refuse-fragments',
    'deflate-fragments',
    'The server rejects fragmented compressed messages.',
    '6.2',
  ),
  overStrict(
    'deflate-refuse-uncompressed',
    'uncompressed-message',
    'The server rejects uncompressed messages.',
    '6',
  ),
  rule('deflate-accept-marked-control', 'The server ignores RSV1 on control frames.', messages, {
    tolerates: ['compressed-control'],
  }),
  rule('deflate-accept-marked-continuation', 'The server ignores RSV1 on continuation frames.', messages, {
    tolerates: ['compressed-continuation'],
  }),
  rule('deflate-ignore-corrupt', 'The server ignores messages that do not inflate.', 'RFC7692/6.2', {
    tolerates: ['deflate-corrupt'],
    echoOf: (message) => (message.payload.length === 0 ? null : message),
  }),
  rule('deflate-skip-utf8', 'The server does not check compressed text for UTF-8.', 'RFC6455/8.1', {
    tolerates: ['utf8-deflated'],
  }),

  // --- Messages sent ---
  rule('deflate-damage', 'The server sends damaged compressed messages.', 'RFC7692/7.2.1', {
    deflater: 'damaged',
  }),
  rule(
    'deflate-keep-context',
    'The server keeps its context although it negotiated not to.',
    'RFC7692/7.1.1.1',
    {
      deflater: 'keep-context',
    },
  ),
  rule('deflate-exceed-window', 'The server exceeds the negotiated window.', 'RFC7692/7.1.2.1', {
    deflater: 'full-window',
  }),
  rule('deflate-mark-pongs', 'The server sets RSV1 on Pongs.', messages, {
    outgoing: (frame) => [
      frame.opcode === opcodes.pong && frame.payload.length >= 100 ? { ...frame, rsv: 4 } : frame,
    ],
  }),
  rule('deflate-mark-continuations', 'The server sets RSV1 on every frame of a message.', messages, {
    outgoing: (frame) =>
      frame.rsv !== 4 || frame.payload.length < 20_000
        ? [frame]
        : [
            { ...frame, fin: false, payload: frame.payload.subarray(0, 10_000) },
            { ...frame, opcode: opcodes.continuation, payload: frame.payload.subarray(10_000) },
          ],
  }),
]

function rule(name: string, breaks: string, clause: string, rules: Mutant['rules']): Entry {
  return { name, breaks, clause, rules }
}

function acceptOffer(name: string, violation: OfferViolation, breaks: string): Entry {
  return rule(name, breaks, offers, { toleratesInOffer: [violation] })
}

function answer(
  name: string,
  breaks: string,
  section: string,
  deflateAnswer: WebSocketRules['deflateAnswer'],
): Entry {
  return rule(name, breaks, `RFC7692/${section}`, { deflateAnswer })
}

function overStrict(name: string, rule: OverStrictFrameRule, breaks: string, section: string): Entry {
  return { name, breaks, clause: `RFC7692/${section}`, rules: { rejects: [rule] } }
}
