import { accept, echo, failWith, overStrict } from './websocket-entry.ts'
import type { Entry } from './websocket-entry.ts'

const text = 'RFC6455/8.1'

/** Servers that break a rule about UTF-8, or confuse text and binary messages. */
export const textMutants: readonly Entry[] = [
  accept('accept-overlong-utf8', ['utf8-overlong'], 'The server accepts overlong UTF-8 forms.', text),
  accept('accept-surrogates', ['utf8-surrogate'], 'The server accepts encoded surrogates.', text),
  accept(
    'accept-code-points-too-large',
    ['utf8-too-large'],
    'The server accepts code points above U+10FFFF.',
    text,
  ),
  accept(
    'accept-truncated-utf8',
    ['utf8-truncated'],
    'The server accepts text that ends inside a character.',
    text,
  ),
  accept(
    'accept-lone-continuation-bytes',
    ['utf8-lone-continuation'],
    'The server accepts lone continuation bytes.',
    text,
  ),
  accept(
    'accept-impossible-bytes',
    ['utf8-invalid-byte'],
    'The server accepts the bytes 0xFE and 0xFF.',
    text,
  ),
  accept(
    'check-first-fragment-only',
    ['utf8-over-fragments'],
    'The server checks only the first fragment for UTF-8.',
    text,
  ),
  failWith(
    'utf8-error-as-1002',
    'The server reports invalid UTF-8 as 1002, a protocol error.',
    'RFC6455/7.4.1',
    (violation, code) => (violation.startsWith('utf8') ? 1002 : code),
  ),
  {
    name: 'utf8-checked-at-end',
    breaks: 'The server checks text only when the message is complete.',
    clause: text,
    rules: { utf8Checked: 'at-end' },
  },
  overStrict(
    'utf8-per-fragment',
    'split-character',
    'The server rejects a character that is split across fragments.',
    'RFC6455/5.6',
  ),
  overStrict('refuse-nul', 'nul', 'The server rejects text with NUL.', 'RFC6455/5.6'),
  overStrict(
    'refuse-four-byte-characters',
    'four-byte-character',
    'The server rejects text with a 4-byte character.',
    'RFC6455/5.6',
  ),
  overStrict(
    'refuse-noncharacters',
    'noncharacter',
    'The server rejects text with noncharacters.',
    'RFC6455/5.6',
  ),
  overStrict(
    'check-binary-for-utf8',
    'binary-not-utf8',
    'The server rejects binary messages that are not UTF-8.',
    'RFC6455/5.6',
  ),
  echo(
    'strip-byte-order-mark',
    'The server strips U+FEFF from the start of text.',
    'RFC6455/5.6',
    (message) =>
      message.payload.indexOf('\ufeff') === 0
        ? { ...message, payload: message.payload.subarray(3) }
        : message,
  ),
  echo('echo-seven-bits', 'The server clears the highest bit of binary data.', 'RFC6455/5.6', (message) =>
    message.type === 'binary' && message.payload.length === 256
      ? { ...message, payload: Buffer.from(message.payload.map((byte) => byte & 0x7f)) }
      : message,
  ),
  echo('binary-becomes-text', 'The server echoes binary messages as text.', 'RFC6455/5.6', (message) => ({
    ...message,
    type: 'text',
  })),
  echo('text-becomes-binary', 'The server echoes text messages as binary.', 'RFC6455/5.6', (message) => ({
    ...message,
    type: 'binary',
  })),
]
