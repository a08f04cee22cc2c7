import type { Mutant } from '#reference/mutant'
import { decodeLines, encodeLatin1Lines, encodeLines, splitLines } from '#reference/sse/encode'
import { strictSse } from '#reference/sse/rules'

const grammar = 'HTML/parsing-an-event-stream'
const interpretation = 'HTML/event-stream-interpretation'
const fields = 'HTML/processField'
const dispatch = 'HTML/dispatchMessage'

const raw = (data: Uint8Array): string => Buffer.from(data).toString('latin1')
const text = (data: Uint8Array): string => decodeLines(data).join('\n')

/** The three bytes that CESU-8 and WTF-8 encode a surrogate with. */
const surrogate = /\xed[\xa0-\xbf][\x80-\xbf]/

/** Mutants that change payloads, names and ids. */
export const ssePayloadMutants: readonly Mutant[] = [
  {
    name: 'leak-lf',
    protocol: 'sse',
    breaks: 'A line feed in a payload is written as it is.',
    clause: interpretation,
    rules: { toLines: (data) => text(data).split('\r') },
  },
  {
    name: 'leak-cr',
    protocol: 'sse',
    breaks: 'A carriage return in a payload is written as it is.',
    clause: interpretation,
    rules: { toLines: (data) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(data).split('\n') },
  },
  {
    name: 'crlf-twice',
    protocol: 'sse',
    breaks: 'A CR LF in a payload becomes two line breaks.',
    clause: grammar,
    rules: { toLines: (data) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(data).split(/\r|\n/) },
  },
  {
    name: 'first-line-only',
    protocol: 'sse',
    breaks: 'Only the first line of a payload is sent.',
    clause: fields,
    rules: { encodeLines: (lines) => encodeLines(lines.slice(0, 1)) },
  },
  {
    name: 'split-unicode-lines',
    protocol: 'sse',
    breaks: 'U+2028, U+2029, U+0085, VT and FF end lines.',
    clause: grammar,
    rules: { toLines: (data) => decodeLines(data).flatMap((line) => line.split(/[\u2028\u2029\u0085\v\f]/)) },
  },
  {
    name: 'no-space-after-colon',
    protocol: 'sse',
    breaks: 'No space is sent after the colon, so that the client drops the leading space of a payload.',
    clause: fields,
    rules: { encodeLines: (lines) => Buffer.from(lines.map((line) => `data:${line}\n`).join('')) },
  },
  {
    name: 'trim-payload-end',
    protocol: 'sse',
    breaks: 'Line breaks at the end of a payload are dropped.',
    clause: dispatch,
    rules: { toLines: (data) => splitLines(text(data).replace(/\n+$/, '')) },
  },
  {
    name: 'drop-empty-payload',
    protocol: 'sse',
    breaks: 'An event with an empty payload is written without a data field.',
    clause: dispatch,
    rules: { encodeLines: (lines) => encodeLines(lines.length === 1 && lines[0] === '' ? [] : lines) },
  },
  {
    name: 'cut-at-colon',
    protocol: 'sse',
    breaks: 'A payload ends at its first colon.',
    clause: interpretation,
    rules: { encodeLines: (lines) => encodeLines(lines.map((line) => line.split(':')[0] ?? '')) },
  },
  {
    name: 'payload-parsed-as-fields',
    protocol: 'sse',
    breaks: 'A payload that looks like a field is written as that field.',
    clause: interpretation,
    rules: {
      encodeLines: (lines) =>
        Buffer.from(
          lines
            .map((line) => (/^(data|event|id|retry):/.test(line) ? `${line}\n` : `data: ${line}\n`))
            .join(''),
        ),
    },
  },
  {
    name: 'cut-long-payload',
    protocol: 'sse',
    breaks: 'A payload is cut after 16 KiB.',
    clause: fields,
    rules: { acceptData: (data) => data.subarray(0, 16_384) },
  },
  {
    name: 'end-at-nul',
    protocol: 'sse',
    breaks: 'A payload ends at its first NUL.',
    clause: grammar,
    rules: { toLines: (data) => splitLines(text(data).split('\0')[0] ?? '') },
  },
  {
    name: 'strip-bom',
    protocol: 'sse',
    breaks: 'U+FEFF is removed from payloads.',
    clause: interpretation,
    rules: { toLines: (data) => splitLines(text(data).replaceAll('\uFEFF', '')) },
  },
  {
    name: 'ascii-only',
    protocol: 'sse',
    breaks: 'Non-ASCII characters become question marks.',
    clause: grammar,
    rules: { toLines: (data) => splitLines(text(data).replace(/[^\0-\x7f]/gu, '?')) },
  },
  {
    name: 'bmp-only',
    protocol: 'sse',
    breaks: 'Characters above U+FFFF become two U+FFFD.',
    clause: grammar,
    rules: { toLines: (data) => splitLines(text(data).replace(/[\u{10000}-\u{10ffff}]/gu, '\uFFFD\uFFFD')) },
  },
  {
    name: 'binary-as-it-is',
    protocol: 'sse',
    breaks: 'Bytes that are not UTF-8 are written as they are.',
    clause: grammar,
    rules: { toLines: (data) => splitLines(raw(data)), encodeLines: encodeLatin1Lines },
  },
  {
    name: 'surrogates-as-they-are',
    protocol: 'sse',
    breaks: 'Surrogates are written as three bytes each.',
    clause: grammar,
    rules: {
      toLines: (data) => (surrogate.test(raw(data)) ? splitLines(raw(data)) : decodeLines(data)),
      encodeLines: (lines) =>
        surrogate.test(lines.join('\n')) ? encodeLatin1Lines(lines) : encodeLines(lines),
    },
  },
  {
    name: 'named-events-unnamed',
    protocol: 'sse',
    breaks: 'Event names with a non-ASCII character are left out.',
    clause: fields,
    rules: { nameWritten: ({ name }) => (name !== null && /[^\0-\x7f]/.test(name) ? null : name) },
  },
  {
    name: 'sticky-event-name',
    protocol: 'sse',
    breaks: 'An event without a name gets the name of the event before it.',
    clause: dispatch,
    rules: { nameWritten: (event, before) => event.name ?? before?.name ?? null },
  },
  {
    name: 'event-name-leaks-line-breaks',
    protocol: 'sse',
    breaks: 'Line breaks in an event name are written as they are.',
    clause: interpretation,
    rules: { refusesPublication: ({ id }) => strictSse.refusesPublication({ name: null, id }) },
  },
  {
    name: 'id-leaks-line-breaks',
    protocol: 'sse',
    breaks: 'Line breaks in an id are written as they are.',
    clause: interpretation,
    rules: {
      refusesPublication: ({ name, id }) =>
        strictSse.refusesPublication({ name, id: id?.replace(/[\r\n]/g, '') ?? null }),
    },
  },
  {
    name: 'id-leaks-nul',
    protocol: 'sse',
    breaks: 'NUL in an id is written as it is.',
    clause: fields,
    rules: {
      refusesPublication: ({ name, id }) =>
        strictSse.refusesPublication({ name, id: id?.replaceAll('\0', '') ?? null }),
    },
  },
]
