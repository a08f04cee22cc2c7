import { opcodes } from '#reference/websocket/frames'
import type { OutgoingFrame } from '#reference/websocket/frames'
import type { FrameViolation, WebSocketRules } from '#reference/websocket/rules'
import { accept, echo, failWith, overStrict } from './websocket-entry.ts'
import type { Entry } from './websocket-entry.ts'

const masking = 'RFC6455/5.1'
const framing = 'RFC6455/5.2'
const fragments = 'RFC6455/5.4'
const control = 'RFC6455/5.5'

const unmasked: readonly FrameViolation[] = [
  'unmasked',
  'unmasked-empty',
  'unmasked-control',
  'unmasked-continuation',
]

/** Servers that break a rule about masking, framing, fragmentation or control frames. */
export const frameMutants: readonly Entry[] = [
  // --- Masking ---
  accept('accept-unmasked', unmasked, 'The server accepts unmasked frames.', masking),
  accept('accept-unmasked-empty', ['unmasked-empty'], 'The server accepts unmasked empty frames.', masking),
  accept(
    'accept-unmasked-control',
    ['unmasked-control'],
    'The server accepts unmasked control frames.',
    masking,
  ),
  accept(
    'accept-unmasked-continuation',
    ['unmasked-continuation'],
    'The server accepts unmasked continuation frames.',
    masking,
  ),
  failWith(
    'unmasked-code-1003',
    'The server reports an unmasked frame as 1003, unsupported data.',
    masking,
    (violation, code) => (violation.startsWith('unmasked') ? 1003 : code),
  ),
  send('mask-frames', 'The server masks its frames.', masking, (frame) => [
    { ...frame, mask: Buffer.from([1, 2, 3, 4]) },
  ]),
  overStrict(
    'refuse-zero-mask',
    'mask-key-zero',
    'The server takes a masking key of zeros for no masking.',
    'RFC6455/5.3',
  ),
  overStrict(
    'refuse-ones-mask',
    'mask-key-ones',
    'The server takes a masking key of ones for no masking.',
    'RFC6455/5.3',
  ),
  overStrict(
    'mask-restarts-per-segment',
    'mask-over-chunks',
    'The server restarts the masking key in each TCP segment.',
    'RFC6455/5.3',
  ),

  // --- Framing ---
  accept('accept-rsv1', ['rsv1'], 'The server ignores RSV1.', framing),
  accept('accept-rsv2', ['rsv2'], 'The server ignores RSV2.', framing),
  accept('accept-rsv3', ['rsv3'], 'The server ignores RSV3.', framing),
  accept(
    'accept-rsv-control',
    ['rsv-on-control'],
    'The server ignores reserved bits of control frames.',
    framing,
  ),
  accept(
    'ignore-reserved-data-opcodes',
    ['opcode-data'],
    'The server skips frames with opcodes 3 to 7.',
    framing,
  ),
  accept(
    'ignore-reserved-control-opcodes',
    ['opcode-control'],
    'The server skips frames with opcodes B to F.',
    framing,
  ),
  accept(
    'ignore-reserved-opcodes-in-fragment',
    ['opcode-in-fragment'],
    'The server skips reserved opcodes inside a fragmented message.',
    framing,
  ),
  accept(
    'accept-length-highest-bit',
    ['length-msb'],
    'The server ignores the highest bit of a 64-bit length.',
    framing,
  ),
  accept('process-truncated-frames', ['truncated-frame'], 'The server processes a truncated frame.', framing),
  accept('no-frame-limit', ['too-big'], 'The server waits for a frame of any size.', 'RFC6455/10.4'),
  failWith(
    'too-big-as-1002',
    'The server reports a frame that is too big as 1002, a protocol error.',
    'RFC6455/7.4.1',
    (violation, code) => (violation === 'too-big' ? 1002 : code),
  ),
  send('set-rsv1', 'The server sets RSV1 without an extension.', framing, (frame) => [{ ...frame, rsv: 4 }]),
  send('send-reserved-opcode', 'The server sends frames with a reserved opcode.', framing, (frame) =>
    frame.opcode === opcodes.pong ? [{ ...frame, opcode: 3 }, frame] : [frame],
  ),
  send('pong-length-16-bits', 'The server encodes the length of a Pong in 16 bits.', framing, (frame) =>
    frame.opcode === opcodes.pong ? [{ ...frame, lengthBits: 16 }] : [frame],
  ),
  send('data-length-64-bits', 'The server encodes the length of data frames in 64 bits.', framing, (frame) =>
    frame.opcode <= opcodes.binary ? [{ ...frame, lengthBits: 64 }] : [frame],
  ),
  lose('lose-empty-messages', 'The server does not echo empty messages.', (length) => length === 0),
  lose('lose-messages-of-125', 'The server does not echo messages of 125 bytes.', (length) => length === 125),
  lose(
    'lose-messages-of-16-bits',
    'The server does not echo messages of 126 or 65535 bytes.',
    (length) => length === 126 || length === 65_535,
  ),
  lose(
    'lose-messages-of-64-bits',
    'The server does not echo messages of 65536 bytes.',
    (length) => length === 65_536,
  ),
  overStrict(
    'frames-in-one-segment',
    'frame-over-segments',
    'The server rejects a frame in several TCP segments.',
    framing,
  ),
  overStrict(
    'first-frame-of-segment-only',
    'second-frame-of-segment',
    'The server reads only one frame of a TCP segment.',
    framing,
  ),

  // --- Fragmentation ---
  overStrict(
    'keep-first-fragment-only',
    'fragment',
    'The server keeps only the first fragment of a message.',
    fragments,
  ),
  overStrict('refuse-empty-fragments', 'empty-fragment', 'The server rejects empty fragments.', fragments),
  echo('fragments-become-text', 'The server echoes a fragmented message as text.', fragments, (message) =>
    message.frames > 1 ? { ...message, type: 'text' } : message,
  ),
  {
    name: 'defer-control-frames',
    breaks: 'The server answers a Ping only after the fragmented message that contains it.',
    clause: fragments,
    rules: { pings: 'after-message' },
  },
  overStrict(
    'control-frames-break-messages',
    'control-in-fragment',
    'The server drops the fragments before a control frame.',
    fragments,
  ),
  {
    name: 'reverse-echoes',
    breaks: 'The server echoes the messages of one TCP segment in reverse order.',
    clause: fragments,
    rules: { echoOrder: 'reversed' },
  },
  accept(
    'ignore-lone-continuation',
    ['continuation-alone'],
    'The server skips a lone final continuation frame.',
    fragments,
  ),
  accept(
    'ignore-unfinished-lone-continuation',
    ['continuation-alone-unfinished'],
    'The server skips a lone non-final continuation frame.',
    fragments,
  ),
  accept(
    'ignore-continuation-after-message',
    ['continuation-after-message'],
    'The server skips a continuation frame after a finished message.',
    fragments,
  ),
  accept(
    'interleave-text',
    ['interleaved-text'],
    'The server processes a text frame inside a fragmented message.',
    fragments,
  ),
  accept(
    'interleave-binary',
    ['interleaved-binary'],
    'The server processes a binary frame inside a fragmented message.',
    fragments,
  ),

  // --- Control frames ---
  accept('accept-long-ping', ['ping-long'], 'The server accepts a Ping with more than 125 bytes.', control),
  accept('accept-long-pong', ['pong-long'], 'The server accepts a Pong with more than 125 bytes.', control),
  accept('accept-fragmented-ping', ['ping-fragmented'], 'The server accepts a fragmented Ping.', control),
  accept('accept-fragmented-pong', ['pong-fragmented'], 'The server accepts a fragmented Pong.', control),
  send('fragment-pongs', 'The server sends Pongs without FIN.', control, (frame) => [
    { ...frame, fin: frame.opcode !== opcodes.pong },
  ]),
  send('ping-of-200-bytes', 'The server sends a Ping of 200 bytes.', control, (frame) =>
    frame.opcode === opcodes.pong
      ? [{ ...frame, opcode: opcodes.ping, payload: Buffer.alloc(200) }, frame]
      : [frame],
  ),
  pong('ignore-pings', 'The server does not answer Pings.', () => null),
  pong('ignore-empty-pings', 'The server does not answer an empty Ping.', (payload) =>
    payload.length === 0 ? null : payload,
  ),
  pong('shorten-pongs', 'The server truncates Pongs to 100 bytes.', (payload) => payload.subarray(0, 100)),
  pong('pong-as-utf8', 'The server decodes the payload of a Ping as UTF-8.', (payload) =>
    Buffer.from(payload.toString()),
  ),
  {
    name: 'answer-first-ping-only',
    breaks: 'The server answers only the first Ping of a TCP segment.',
    clause: 'RFC6455/5.5.3',
    rules: { pings: 'first-of-segment' },
  },
  {
    name: 'fail-on-unsolicited-pong',
    breaks: 'The server fails the connection on an unsolicited Pong.',
    clause: 'RFC6455/5.5.3',
    rules: { unsolicitedPong: 'fail' },
  },
  {
    name: 'answer-pongs',
    breaks: 'The server answers a Pong with a Pong.',
    clause: 'RFC6455/5.5.3',
    rules: { unsolicitedPong: 'answer' },
  },
]

function send(
  name: string,
  breaks: string,
  clause: string,
  outgoing: (frame: OutgoingFrame) => readonly OutgoingFrame[],
): Entry {
  return { name, breaks, clause, rules: { outgoing } }
}

function pong(name: string, breaks: string, pongTo: WebSocketRules['pongTo']): Entry {
  return { name, breaks, clause: 'RFC6455/5.5.3', rules: { pongTo } }
}

function lose(name: string, breaks: string, lost: (length: number) => boolean): Entry {
  return echo(name, breaks, framing, (message) => (lost(message.payload.length) ? null : message))
}
