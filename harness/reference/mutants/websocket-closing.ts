import type { Mutant } from '#reference/mutant'
import type { FrameViolation } from '#reference/websocket/rules'
import type { Entry } from './websocket-entry.ts'

const close = 'RFC6455/5.5.1'
const failing = 'RFC6455/7.1.7'
const codes = 'RFC6455/7.4.1'

const utf8 = /^(utf8-|deflate-|close-reason)/
const bodyOf = (code: number): Buffer => Buffer.from([code >> 8, code & 0xff])

/** Servers that break a rule about Close frames or about how a connection ends. */
export const closingMutants: readonly Entry[] = [
  rule('no-close-answer', 'The server answers a Close frame by closing TCP alone.', close, {
    closeAnswer: () => null,
  }),
  rule('keep-tcp-open', 'The server leaves TCP open after the closing handshake.', close, {
    afterClose: 'stay',
  }),
  rule('reset-after-close', 'The server resets TCP after the closing handshake.', 'RFC6455/7.1.1', {
    afterClose: 'reset',
  }),
  rule('answer-close-with-1001', 'The server answers every Close frame with 1001.', close, {
    closeAnswer: () => bodyOf(1001),
  }),
  rule('message-after-close', 'The server sends a message after its Close frame.', close, {
    messageAfterClose: true,
  }),
  rule('answer-every-close', 'The server answers each of two Close frames.', close, {
    afterReceivedClose: 'answer-closes',
  }),
  rule('pong-after-close', 'The server answers a Ping that follows a Close frame.', 'RFC6455/5.5.2', {
    afterReceivedClose: 'answer-pings',
  }),
  rule(
    'process-messages-after-close',
    'The server echoes a message that follows a Close frame.',
    'RFC6455/1.4',
    {
      afterReceivedClose: 'answer-messages',
    },
  ),
  rule(
    'ignore-close-in-fragment',
    'The server ignores a Close frame inside a fragmented message.',
    'RFC6455/5.4',
    {
      rejects: ['close-in-fragment'],
    },
  ),
  rule('ignore-fin', 'The server does not close when the client closes TCP.', 'RFC6455/7.1.4', {
    peerFin: 'stay',
  }),
  rule('refuse-empty-close', 'The server fails the connection on a Close frame without a body.', close, {
    rejects: ['close-empty'],
  }),
  rule(
    'refuse-long-reason',
    'The server fails the connection on a reason of more than 98 bytes.',
    'RFC6455/5.5',
    {
      rejects: ['close-long-reason'],
    },
  ),
  ...[1001, 1011, 1012, 1013, 1014, 3000, 4999].map((code) =>
    rule(
      `refuse-close-${code}`,
      `The server fails the connection on a Close frame with code ${code}.`,
      'RFC6455/7.4',
      {
        rejectsCloseCodes: [code],
      },
    ),
  ),
  accept(
    'accept-close-of-one-byte',
    'close-one-byte',
    'The server accepts a Close frame with a 1-byte body.',
    close,
  ),
  accept(
    'accept-bad-close-reason',
    'close-reason-utf8',
    'The server accepts a Close reason that is not UTF-8.',
    close,
  ),
  accept(
    'accept-long-close',
    'close-long',
    'The server accepts a Close frame with more than 125 bytes.',
    'RFC6455/5.5',
  ),
  accept(
    'accept-undefined-close-codes',
    'close-code-undefined',
    'The server accepts undefined close codes.',
    'RFC6455/7.4.2',
  ),
  rule('echo-reserved-close-codes', 'The server echoes close codes that must not be sent.', codes, {
    tolerates: ['close-code-reserved'],
  }),
  rule('echo-bad-close-reason', 'The server echoes a Close reason that is not UTF-8.', close, {
    tolerates: ['close-reason-utf8'],
    closeAnswer: (body) => body,
  }),
  rule('answer-empty-close-with-1005', 'The server answers a Close frame without a code with 1005.', codes, {
    closeAnswer: (body) => (body.length === 0 ? bodyOf(1005) : body.subarray(0, 2)),
  }),
  rule(
    'process-frames-after-failure',
    'The server processes the frames after one that fails the connection.',
    failing,
    {
      failure: 'process-rest-of-segment',
    },
  ),
  rule('stay-open-after-failure', 'The server leaves TCP open when it fails the connection.', failing, {
    failure: 'close-only',
  }),
  rule('fail-without-close-frame', 'The server fails a connection without a Close frame.', failing, {
    failure: 'end-only',
  }),
  rule('protocol-error-as-1001', 'The server reports a protocol error as 1001, going away.', codes, {
    failureCode: (violation, code) => (code === 1002 && !utf8.test(violation) ? 1001 : code),
  }),
]

function rule(name: string, breaks: string, clause: string, rules: Mutant['rules']): Entry {
  return { name, breaks, clause, rules }
}

function accept(name: string, violation: FrameViolation, breaks: string, clause: string): Entry {
  return rule(name, breaks, clause, { tolerates: [violation] })
}
