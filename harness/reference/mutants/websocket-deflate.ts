import type { Mutant } from '#reference/mutant'
import { opcodes } from '#reference/websocket/frames'
import type { FrameScruple, OfferBreach, WebSocketRules } from '#reference/websocket/rules'

type Entry = Omit<Mutant, 'protocol'>

const offers = 'RFC7692/7'
const messages = 'RFC7692/6'

const omit = (parameters: readonly string[], name: string): readonly string[] =>
  parameters.filter((one) => !one.startsWith(name))

/** permessage-deflate: what is agreed on, and what is done about it. */
export const deflateMutants: readonly Entry[] = [
  // --- Negotiation ---
  rule('deflate-without-offer', 'Compression is named although it was not offered.', 'RFC7692/5', {
    extensionsAnswer: (agreed) => agreed ?? 'permessage-deflate',
  }),
  take('deflate-accept-unknown-parameter', 'unknown-parameter', 'Unknown parameters are ignored.'),
  take('deflate-accept-repeated-parameter', 'repeated-parameter', 'Parameters may be repeated.'),
  take('deflate-accept-invalid-value', 'invalid-value', 'Windows of any size are ignored.'),
  take('deflate-accept-unexpected-value', 'value-where-none-is', 'A value where none may be is ignored.'),
  rule('deflate-first-offer-only', 'Only the first offer is looked at.', 'RFC7692/5.1', {
    deflateOffers: 'first',
  }),
  rule('deflate-accept-twice', 'Two offers are accepted at once.', 'RFC7692/5.1', {
    extensionsAnswer: (agreed) => (agreed === null ? null : `${agreed}, permessage-deflate`),
  }),
  answer(
    'deflate-omit-no-takeover',
    'server_no_context_takeover is accepted in silence.',
    '7.1.1.1',
    (parameters) => omit(parameters, 'server_no_context_takeover'),
  ),
  answer('deflate-omit-window', 'server_max_window_bits is accepted in silence.', '7.1.2.1', (parameters) =>
    omit(parameters, 'server_max_window_bits'),
  ),
  answer('deflate-larger-window', 'A larger window than the offered one is named.', '7.1.2.1', (parameters) =>
    parameters.map((one) => (one.startsWith('server_max_window_bits') ? 'server_max_window_bits=15' : one)),
  ),
  answer(
    'deflate-client-window-without-offer',
    'The window of the client is limited unasked.',
    '7.1.2.2',
    (parameters) => [...omit(parameters, 'client_max_window_bits'), 'client_max_window_bits=15'],
  ),
  answer(
    'deflate-larger-client-window',
    'A larger window for the client is named.',
    '7.1.2.2',
    (parameters) =>
      parameters.map((one) => (one.startsWith('client_max_window_bits') ? 'client_max_window_bits=15' : one)),
  ),
  answer(
    'deflate-client-window-without-value',
    'The window of the client has no value.',
    '7.1.2.2',
    (parameters) =>
      parameters.map((one) => (one.startsWith('client_max_window_bits') ? 'client_max_window_bits' : one)),
  ),
  answer(
    'deflate-answer-unknown-parameter',
    'The answer has a parameter of its own.',
    '7.1',
    (parameters) => [...parameters, 'streamproof'],
  ),

  // --- Messages that come ---
  mistake('deflate-misread', 'deflate', 'Nothing that is compressed is understood.', '7.2.2'),
  mistake('deflate-forget-context', 'deflate-context', 'The context of the client is forgotten.', '7.2.3.2'),
  mistake(
    'deflate-refuse-stored-block',
    'deflate-stored-block',
    'Blocks without compression fail.',
    '7.2.3.3',
  ),
  mistake('deflate-refuse-final-block', 'deflate-final-block', 'Blocks with BFINAL fail.', '7.2.3.4'),
  mistake('deflate-first-block-only', 'deflate-second-block', 'Only the first block is read.', '7.2.3.5'),
  mistake('deflate-refuse-empty', 'deflate-empty', 'Empty compressed messages fail.', '7.2.3.6'),
  mistake('deflate-refuse-fragments', 'deflate-fragments', 'Fragments of compressed messages fail.', '6.2'),
  mistake('deflate-refuse-uncompressed', 'uncompressed-message', 'Uncompressed messages fail.', '6'),
  rule('deflate-accept-marked-control', 'RSV1 on control frames is ignored.', messages, {
    tolerates: ['compressed-control'],
  }),
  rule('deflate-accept-marked-continuation', 'RSV1 on continuations is ignored.', messages, {
    tolerates: ['compressed-continuation'],
  }),
  rule('deflate-ignore-corrupt', 'Messages that do not inflate are ignored.', 'RFC7692/6.2', {
    tolerates: ['deflate-corrupt'],
    echoOf: (message) => (message.payload.length === 0 ? null : message),
  }),
  rule('deflate-skip-utf8', 'Compressed text is not checked.', 'RFC6455/8.1', {
    tolerates: ['utf8-deflated'],
  }),

  // --- Messages that go ---
  rule('deflate-damage', 'Compressed messages are damaged.', 'RFC7692/7.2.1', { deflater: 'damaged' }),
  rule('deflate-keep-context', 'The context is kept although it must not be.', 'RFC7692/7.1.1.1', {
    deflater: 'keep-context',
  }),
  rule('deflate-exceed-window', 'The agreed window is exceeded.', 'RFC7692/7.1.2.1', {
    deflater: 'full-window',
  }),
  rule('deflate-mark-pongs', 'RSV1 is set on Pongs.', messages, {
    outgoing: (frame) => [
      frame.opcode === opcodes.pong && frame.payload.length >= 100 ? { ...frame, rsv: 4 } : frame,
    ],
  }),
  rule('deflate-mark-continuations', 'RSV1 is set on each frame of a message.', messages, {
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

function take(name: string, breach: OfferBreach, breaks: string): Entry {
  return rule(name, breaks, offers, { toleratesInOffer: [breach] })
}

function answer(
  name: string,
  breaks: string,
  section: string,
  deflateAnswer: WebSocketRules['deflateAnswer'],
): Entry {
  return rule(name, breaks, `RFC7692/${section}`, { deflateAnswer })
}

function mistake(name: string, scruple: FrameScruple, breaks: string, section: string): Entry {
  return rule(name, breaks, `RFC7692/${section}`, { refuses: [scruple] })
}
