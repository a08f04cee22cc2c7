import type { Mutant } from '#reference/mutant'
import type { FrameBreach } from '#reference/websocket/rules'

type Entry = Omit<Mutant, 'protocol'>

const close = 'RFC6455/5.5.1'
const failing = 'RFC6455/7.1.7'
const codes = 'RFC6455/7.4.1'

const utf8 = /^(utf8-|deflate-|close-reason)/
const bodyOf = (code: number): Buffer => Buffer.from([code >> 8, code & 0xff])

/** Close frames, and how connections end. */
export const closingMutants: readonly Entry[] = [
  rule('no-close-answer', 'A Close is answered by the end of TCP alone.', close, { closeAnswer: () => null }),
  rule('keep-tcp-open', 'TCP is left open behind the closing handshake.', close, { afterClose: 'stay' }),
  rule('reset-after-close', 'TCP is reset behind the closing handshake.', 'RFC6455/7.1.1', {
    afterClose: 'reset',
  }),
  rule('answer-close-with-1001', 'Every Close is answered with 1001.', close, {
    closeAnswer: () => bodyOf(1001),
  }),
  rule('message-after-close', 'A message follows the Close frame.', close, { messageBehindClose: true }),
  rule('answer-every-close', 'Each of two Close frames is answered.', close, {
    behindClose: 'answer-closes',
  }),
  rule('pong-after-close', 'A Ping behind a Close is answered.', 'RFC6455/5.5.2', {
    behindClose: 'answer-pings',
  }),
  rule('process-messages-after-close', 'A message behind a Close is echoed.', 'RFC6455/1.4', {
    behindClose: 'answer-messages',
  }),
  rule('ignore-close-in-fragment', 'A Close inside a message is ignored.', 'RFC6455/5.4', {
    refuses: ['close-in-fragment'],
  }),
  rule('ignore-fin', "The end of the peer's TCP is ignored.", 'RFC6455/7.1.4', { peerFin: 'stay' }),
  rule('refuse-empty-close', 'A Close without a body fails the connection.', close, {
    refuses: ['close-empty'],
  }),
  rule('refuse-long-reason', 'A reason of more than 98 octets fails the connection.', 'RFC6455/5.5', {
    refuses: ['close-long-reason'],
  }),
  ...[1001, 1011, 1012, 1013, 1014, 3000, 4999].map((code) =>
    rule(`refuse-close-${code}`, `A Close with ${code} fails the connection.`, 'RFC6455/7.4', {
      refusesCloseCodes: [code],
    }),
  ),
  accept('accept-close-of-one-octet', 'close-one-byte', 'A Close of one octet is a good one.', close),
  accept('accept-bad-close-reason', 'close-reason-utf8', 'A reason need not be UTF-8.', close),
  accept('accept-long-close', 'close-long', 'A Close may have more than 125 octets.', 'RFC6455/5.5'),
  accept('accept-undefined-close-codes', 'close-code-undefined', 'Any code is a good one.', 'RFC6455/7.4.2'),
  rule('echo-reserved-close-codes', 'Codes that must not be sent are sent back.', codes, {
    tolerates: ['close-code-reserved'],
  }),
  rule('echo-bad-close-reason', 'A reason that is not UTF-8 is sent back.', close, {
    tolerates: ['close-reason-utf8'],
    closeAnswer: (body) => body,
  }),
  rule('answer-empty-close-with-1005', 'A Close without a code is answered with 1005.', codes, {
    closeAnswer: (body) => (body.length === 0 ? bodyOf(1005) : body.subarray(0, 2)),
  }),
  rule('process-frames-after-failure', 'Frames behind the one that failed are processed.', failing, {
    failure: 'process-on',
  }),
  rule('stay-open-after-failure', 'TCP is left open when the connection is failed.', failing, {
    failure: 'close-only',
  }),
  rule('fail-without-close-frame', 'A connection is failed by the end of TCP alone.', failing, {
    failure: 'end-only',
  }),
  rule('protocol-error-as-1001', 'A protocol error is called going away.', codes, {
    failureCode: (breach, code) => (code === 1002 && !utf8.test(breach) ? 1001 : code),
  }),
]

function rule(name: string, breaks: string, clause: string, rules: Mutant['rules']): Entry {
  return { name, breaks, clause, rules }
}

function accept(name: string, breach: FrameBreach, breaks: string, clause: string): Entry {
  return rule(name, breaks, clause, { tolerates: [breach] })
}
