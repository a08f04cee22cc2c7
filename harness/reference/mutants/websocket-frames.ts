import type { Mutant } from '#reference/mutant'
import { opcodes } from '#reference/websocket/frames'
import type { OutgoingFrame } from '#reference/websocket/frames'
import type { FrameBreach, FrameScruple, Message, WebSocketRules } from '#reference/websocket/rules'

type Entry = Omit<Mutant, 'protocol'>

const masking = 'RFC6455/5.1'
const framing = 'RFC6455/5.2'
const fragments = 'RFC6455/5.4'
const control = 'RFC6455/5.5'
const text = 'RFC6455/8.1'

const all: readonly FrameBreach[] = [
  'unmasked',
  'unmasked-empty',
  'unmasked-control',
  'unmasked-continuation',
]

/** Frames and messages: what is let pass, what is taken amiss, what is sent wrongly. */
export const frameMutants: readonly Entry[] = [
  // --- Masking ---
  accept('accept-unmasked', all, 'Frames that are not masked are processed.', masking),
  accept('accept-unmasked-empty', ['unmasked-empty'], 'Empty frames need not be masked.', masking),
  accept('accept-unmasked-control', ['unmasked-control'], 'Control frames need not be masked.', masking),
  accept(
    'accept-unmasked-continuation',
    ['unmasked-continuation'],
    'Continuations need not be masked.',
    masking,
  ),
  fail(
    'unmasked-code-1003',
    'A frame that is not masked is called a wrong type of data.',
    masking,
    (breach, code) => (breach.startsWith('unmasked') ? 1003 : code),
  ),
  send('mask-frames', 'The server masks its frames.', masking, (frame) => [
    { ...frame, mask: Buffer.from([1, 2, 3, 4]) },
  ]),
  mistake('refuse-zero-mask', 'mask-key-zero', 'A key of zeros is taken for no masking.', 'RFC6455/5.3'),
  mistake('refuse-ones-mask', 'mask-key-ones', 'A key of ones is taken for no masking.', 'RFC6455/5.3'),
  mistake(
    'mask-restarts-per-segment',
    'mask-over-chunks',
    'The key begins anew with each segment.',
    'RFC6455/5.3',
  ),

  // --- Framing ---
  accept('accept-rsv1', ['rsv1'], 'RSV1 is ignored.', framing),
  accept('accept-rsv2', ['rsv2'], 'RSV2 is ignored.', framing),
  accept('accept-rsv3', ['rsv3'], 'RSV3 is ignored.', framing),
  accept('accept-rsv-control', ['rsv-on-control'], 'Reserved bits of control frames are ignored.', framing),
  accept('ignore-reserved-data-opcodes', ['opcode-data'], 'Frames with opcodes 3 to 7 are skipped.', framing),
  accept(
    'ignore-reserved-control-opcodes',
    ['opcode-control'],
    'Frames with opcodes B to F are skipped.',
    framing,
  ),
  accept(
    'ignore-reserved-opcodes-in-fragment',
    ['opcode-in-fragment'],
    'Reserved opcodes pass in fragments.',
    framing,
  ),
  accept(
    'accept-length-highest-bit',
    ['length-msb'],
    'The highest bit of a 64-bit length is ignored.',
    framing,
  ),
  accept('process-truncated-frames', ['truncated-frame'], 'A frame that was cut off is processed.', framing),
  accept('no-frame-limit', ['too-big'], 'Frames of any size are waited for.', 'RFC6455/10.4'),
  fail(
    'too-big-as-1002',
    'A frame that is too big is called a protocol error.',
    'RFC6455/7.4.1',
    (breach, code) => (breach === 'too-big' ? 1002 : code),
  ),
  send('set-rsv1', 'The server sets RSV1 without an extension.', framing, (frame) => [{ ...frame, rsv: 4 }]),
  send('send-reserved-opcode', 'The server sends frames with a reserved opcode.', framing, (frame) =>
    frame.opcode === opcodes.pong ? [{ ...frame, opcode: 3 }, frame] : [frame],
  ),
  send('pong-length-16-bits', 'A Pong has its length in 16 bits.', framing, (frame) =>
    frame.opcode === opcodes.pong ? [{ ...frame, lengthBits: 16 }] : [frame],
  ),
  send('data-length-64-bits', 'Data frames have their length in 64 bits.', framing, (frame) =>
    frame.opcode <= opcodes.binary ? [{ ...frame, lengthBits: 64 }] : [frame],
  ),
  lose('lose-empty-messages', 'Empty messages are lost.', (length) => length === 0),
  lose('lose-messages-of-125', 'Messages of 125 octets are lost.', (length) => length === 125),
  lose(
    'lose-messages-of-16-bits',
    'Messages of 126 and of 65 535 octets are lost.',
    (length) => length === 126 || length === 65_535,
  ),
  lose('lose-messages-of-64-bits', 'Messages of 65 536 octets are lost.', (length) => length === 65_536),
  mistake('frames-in-one-segment', 'frame-over-segments', 'A frame must come in one segment.', framing),
  mistake(
    'first-frame-of-segment-only',
    'second-frame-of-segment',
    'One frame of a segment is read.',
    framing,
  ),

  // --- Fragmentation ---
  mistake('keep-first-fragment-only', 'fragment', 'Only the first fragment of a message is kept.', fragments),
  mistake('refuse-empty-fragments', 'empty-fragment', 'Fragments must not be empty.', fragments),
  echo('fragments-become-text', 'A fragmented message is sent back as text.', fragments, (message) =>
    message.frames > 1 ? { ...message, type: 'text' } : message,
  ),
  {
    name: 'defer-control-frames',
    breaks: 'A Ping inside a fragmented message is answered behind it.',
    clause: fragments,
    rules: { pings: 'after-message' },
  },
  mistake(
    'control-frames-break-messages',
    'control-in-fragment',
    'A control frame loses the fragments so far.',
    fragments,
  ),
  {
    name: 'reverse-echoes',
    breaks: 'Messages of one segment are echoed in reverse order.',
    clause: fragments,
    rules: { echoOrder: 'reversed' },
  },
  accept(
    'ignore-lone-continuation',
    ['continuation-alone'],
    'A continuation of nothing is skipped.',
    fragments,
  ),
  accept(
    'ignore-unfinished-lone-continuation',
    ['continuation-alone-unfinished'],
    'A continuation of nothing that is not final is skipped.',
    fragments,
  ),
  accept(
    'ignore-continuation-after-message',
    ['continuation-after-message'],
    'A continuation of a finished message is skipped.',
    fragments,
  ),
  accept(
    'interleave-text',
    ['interleaved-text'],
    'Text inside a fragmented message is processed.',
    fragments,
  ),
  accept(
    'interleave-binary',
    ['interleaved-binary'],
    'Binary inside a fragmented message is processed.',
    fragments,
  ),

  // --- Control frames ---
  accept('accept-long-ping', ['ping-long'], 'A Ping may have more than 125 octets.', control),
  accept('accept-long-pong', ['pong-long'], 'A Pong may have more than 125 octets.', control),
  accept('accept-fragmented-ping', ['ping-fragmented'], 'A Ping need not be final.', control),
  accept('accept-fragmented-pong', ['pong-fragmented'], 'A Pong need not be final.', control),
  send('fragment-pongs', 'Pongs are not final.', control, (frame) => [
    { ...frame, fin: frame.opcode !== opcodes.pong },
  ]),
  send('ping-of-200-octets', 'The server sends a Ping of 200 octets.', control, (frame) =>
    frame.opcode === opcodes.pong
      ? [{ ...frame, opcode: opcodes.ping, payload: Buffer.alloc(200) }, frame]
      : [frame],
  ),
  pong('ignore-pings', 'Pings are not answered.', () => null),
  pong('ignore-empty-pings', 'An empty Ping is not answered.', (payload) =>
    payload.length === 0 ? null : payload,
  ),
  pong('shorten-pongs', 'A Pong has at most 100 octets.', (payload) => payload.subarray(0, 100)),
  pong('pong-as-utf8', 'The payload of a Ping is read as UTF-8.', (payload) =>
    Buffer.from(payload.toString()),
  ),
  {
    name: 'answer-first-ping-only',
    breaks: 'Of several Pings the first is answered.',
    clause: 'RFC6455/5.5.3',
    rules: { pings: 'first-of-segment' },
  },
  {
    name: 'fail-on-unsolicited-pong',
    breaks: 'A Pong that answers nothing fails the connection.',
    clause: 'RFC6455/5.5.3',
    rules: { unsolicitedPong: 'fail' },
  },
  {
    name: 'answer-pongs',
    breaks: 'A Pong is answered with a Pong.',
    clause: 'RFC6455/5.5.3',
    rules: { unsolicitedPong: 'answer' },
  },

  // --- UTF-8, text and binary ---
  accept('accept-overlong-utf8', ['utf8-overlong'], 'Overlong forms pass.', text),
  accept('accept-surrogates', ['utf8-surrogate'], 'Surrogates pass.', text),
  accept('accept-code-points-too-large', ['utf8-too-large'], 'Code points above U+10FFFF pass.', text),
  accept('accept-truncated-utf8', ['utf8-truncated'], 'A character may be cut off.', text),
  accept(
    'accept-lone-continuation-octets',
    ['utf8-lone-continuation'],
    'Lone continuation octets pass.',
    text,
  ),
  accept('accept-impossible-octets', ['utf8-invalid-byte'], 'The octets FE and FF pass.', text),
  accept('check-first-fragment-only', ['utf8-over-fragments'], 'Only the first fragment is checked.', text),
  fail(
    'utf8-error-as-1002',
    'Text that is not UTF-8 is called a protocol error.',
    'RFC6455/7.4.1',
    (breach, code) => (breach.startsWith('utf8') ? 1002 : code),
  ),
  {
    name: 'utf8-checked-at-end',
    breaks: 'Text is checked when the message has ended.',
    clause: text,
    rules: { utf8Checked: 'at-end' },
  },
  mistake('utf8-per-fragment', 'split-character', 'Each fragment must be UTF-8 by itself.', 'RFC6455/5.6'),
  mistake('refuse-nul', 'nul', 'Text with a NUL fails.', 'RFC6455/5.6'),
  mistake('refuse-four-octets', 'four-byte-character', 'Text beyond U+FFFF fails.', 'RFC6455/5.6'),
  mistake('refuse-noncharacters', 'noncharacter', 'Text with noncharacters fails.', 'RFC6455/5.6'),
  mistake('check-binary-for-utf8', 'binary-not-utf8', 'Binary messages must be UTF-8.', 'RFC6455/5.6'),
  echo('strip-byte-order-mark', 'A byte order mark is lost.', 'RFC6455/5.6', (message) =>
    message.payload.indexOf('\ufeff') === 0 ? { ...message, payload: message.payload.subarray(3) } : message,
  ),
  echo('echo-seven-bits', 'The highest bit of binary data is lost.', 'RFC6455/5.6', (message) =>
    message.type === 'binary' && message.payload.length === 256
      ? { ...message, payload: Buffer.from(message.payload.map((octet) => octet & 0x7f)) }
      : message,
  ),
  echo('binary-becomes-text', 'Binary messages come back as text.', 'RFC6455/5.6', (message) => ({
    ...message,
    type: 'text',
  })),
  echo('text-becomes-binary', 'Text messages come back as binary.', 'RFC6455/5.6', (message) => ({
    ...message,
    type: 'binary',
  })),
]

function accept(name: string, tolerates: readonly FrameBreach[], breaks: string, clause: string): Entry {
  return { name, breaks, clause, rules: { tolerates } }
}

function mistake(name: string, scruple: FrameScruple, breaks: string, clause: string): Entry {
  return { name, breaks, clause, rules: { refuses: [scruple] } }
}

function fail(
  name: string,
  breaks: string,
  clause: string,
  failureCode: WebSocketRules['failureCode'],
): Entry {
  return { name, breaks, clause, rules: { failureCode } }
}

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

function echo(
  name: string,
  breaks: string,
  clause: string,
  echoOf: (message: Message) => Message | null,
): Entry {
  return { name, breaks, clause, rules: { echoOf } }
}

function lose(name: string, breaks: string, lost: (length: number) => boolean): Entry {
  return echo(name, breaks, framing, (message) => (lost(message.payload.length) ? null : message))
}
