import type { Mutant } from '#reference/mutant'
import { decodeLines, encodeLines, splitLines } from '#reference/sse/encode'
import { strictSse } from '#reference/sse/rules'

const grammar = 'HTML/parsing-an-event-stream'
const interpretation = 'HTML/event-stream-interpretation'
const fields = 'HTML/processField'
const dispatch = 'HTML/dispatchMessage'

const bom = Buffer.from([0xef, 0xbb, 0xbf])
const opening = (retry: string): Uint8Array =>
  Buffer.from(`: an event stream of the reference server\n${retry}\n`)
const raw = (data: Uint8Array): string => Buffer.from(data).toString('latin1')
const text = (data: Uint8Array): string => decodeLines(data).join('\n')
const latin1Lines = (lines: readonly string[]): Uint8Array =>
  Buffer.from(lines.map((line) => `data: ${line}\n`).join(''), 'latin1')

/** The three octets that CESU-8 and WTF-8 write a surrogate with. */
const surrogate = /\xed[\xa0-\xbf][\x80-\xbf]/

/** What is wrong with the bytes of the stream, whatever is published. */
const bytesOfStream: readonly Mutant[] = [
  {
    name: 'latin1-body',
    protocol: 'sse',
    breaks: 'Events are written as ISO 8859-1.',
    clause: grammar,
    rules: { encodeLines: latin1Lines },
  },
  {
    name: 'bom-twice',
    protocol: 'sse',
    breaks: 'The stream begins with two byte order marks.',
    clause: grammar,
    rules: { opening: Buffer.concat([bom, bom, opening('retry: 1000\n')]) },
  },
  {
    name: 'bom-per-event',
    protocol: 'sse',
    breaks: 'Every event begins with a byte order mark.',
    clause: grammar,
    rules: { rewrite: (bytes) => Buffer.concat([bom, bytes]) },
  },
  {
    name: 'unknown-field',
    protocol: 'sse',
    breaks: 'Events have a field that no client knows.',
    clause: interpretation,
    rules: { rewrite: (bytes) => Buffer.concat([Buffer.from('length: 5\n'), bytes]) },
  },
  {
    name: 'capital-field',
    protocol: 'sse',
    breaks: 'The field of the event name is written with a capital letter.',
    clause: interpretation,
    rules: { encodeField: (name, value) => Buffer.from(`${name === 'event' ? 'Event' : name}: ${value}\n`) },
  },
  {
    name: 'capital-data',
    protocol: 'sse',
    breaks: 'The data field is written with a capital letter.',
    clause: interpretation,
    rules: { encodeLines: (lines) => Buffer.from(lines.map((line) => `Data: ${line}\n`).join('')) },
  },
  {
    name: 'no-blank-line',
    protocol: 'sse',
    breaks: 'No empty line ends an event.',
    clause: interpretation,
    rules: { blank: '', heartbeat: Buffer.from(': heartbeat\n') },
  },
  {
    name: 'holds-blank-line',
    protocol: 'sse',
    breaks: 'The empty line that ends an event is sent four seconds later.',
    clause: interpretation,
    rules: { holdBlankMs: 4000, heartbeat: Buffer.from(': heartbeat\n') },
  },
  {
    name: 'nul-in-id',
    protocol: 'sse',
    breaks: 'Ids contain NUL.',
    clause: fields,
    rules: { idWritten: (event) => `${event.id}\0` },
  },
  {
    name: 'retry-garbage',
    protocol: 'sse',
    breaks: 'The reconnection time is not written in digits alone.',
    clause: fields,
    rules: { opening: opening('retry: 1s\n') },
  },
  {
    name: 'retry-zero',
    protocol: 'sse',
    breaks: 'Clients are told to come back at once.',
    clause: 'STREAMPROOF/moderate-retry',
    rules: { opening: opening('retry: 0\n') },
  },
  {
    name: 'retry-absurd',
    protocol: 'sse',
    breaks: 'Clients are told to come back after a month.',
    clause: 'STREAMPROOF/moderate-retry',
    rules: { opening: opening('retry: 2678400000\n') },
  },
  {
    name: 'no-retry',
    protocol: 'sse',
    breaks: 'Clients are not told when to come back.',
    clause: 'HTML/concept-event-stream-reconnection-time',
    rules: { opening: opening('') },
  },
  {
    name: 'data-heartbeats',
    protocol: 'sse',
    breaks: 'Heartbeats are events with empty data.',
    clause: dispatch,
    rules: { heartbeat: Buffer.from('data:\n\n') },
  },
  {
    name: 'no-heartbeats',
    protocol: 'sse',
    breaks: 'Nothing is sent on an idle stream.',
    clause: 'HTML/authoring-notes',
    rules: { heartbeat: null },
  },
]

/** What becomes of payloads. */
const payloads: readonly Mutant[] = [
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
    breaks: 'Of a payload with several lines the first is sent.',
    clause: fields,
    rules: { encodeLines: (lines) => encodeLines(lines.slice(0, 1)) },
  },
  {
    name: 'split-unicode-lines',
    protocol: 'sse',
    breaks: 'U+2028, U+2029, U+0085, VT and FF are taken for line ends.',
    clause: grammar,
    rules: { toLines: (data) => decodeLines(data).flatMap((line) => line.split(/[\u2028\u2029\u0085\v\f]/)) },
  },
  {
    name: 'no-space-after-colon',
    protocol: 'sse',
    breaks: 'No space stands between colon and payload, so that the client drops one of the payload.',
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
    rules: { takesData: (data) => data.subarray(0, 16_384) },
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
    breaks: 'U+FEFF is taken out of payloads.',
    clause: interpretation,
    rules: { toLines: (data) => splitLines(text(data).replaceAll('\uFEFF', '')) },
  },
  {
    name: 'ascii-only',
    protocol: 'sse',
    breaks: 'Characters outside ASCII become question marks.',
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
    breaks: 'Bytes that are no UTF-8 are written as they are.',
    clause: grammar,
    rules: { toLines: (data) => splitLines(raw(data)), encodeLines: latin1Lines },
  },
  {
    name: 'surrogates-as-they-are',
    protocol: 'sse',
    breaks: 'Surrogates are written as three octets each.',
    clause: grammar,
    rules: {
      toLines: (data) => (surrogate.test(raw(data)) ? splitLines(raw(data)) : decodeLines(data)),
      encodeLines: (lines) => (surrogate.test(lines.join('\n')) ? latin1Lines(lines) : encodeLines(lines)),
    },
  },
  {
    name: 'named-events-unnamed',
    protocol: 'sse',
    breaks: 'Event names with a character outside ASCII are left out.',
    clause: fields,
    rules: { nameWritten: ({ name }) => (name !== null && /[^\0-\x7f]/.test(name) ? null : name) },
  },
  {
    name: 'sticky-event-name',
    protocol: 'sse',
    breaks: 'An event without a name gets the name of the one before it.',
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

/** When events are delivered, and to whom. */
const delivery: readonly Mutant[] = [
  {
    name: 'hold-events',
    protocol: 'sse',
    breaks: 'Events are held back for two seconds.',
    clause: 'HTML/authoring-notes',
    rules: { holdMs: 2000 },
  },
  {
    name: 'reverse-events',
    protocol: 'sse',
    breaks: 'Of events that are published within 100 ms, the last is delivered first.',
    clause: 'STREAMPROOF/order-kept',
    rules: { order: 'reversed' },
  },
  {
    name: 'deliver-twice',
    protocol: 'sse',
    breaks: 'Every event is delivered twice.',
    clause: 'STREAMPROOF/delivered-once',
    rules: { copies: 2 },
  },
  {
    name: 'oldest-client-only',
    protocol: 'sse',
    breaks: 'Events go to the client that has been there longest.',
    clause: 'HTML/authoring-notes',
    rules: { audience: 'oldest' },
  },
  {
    name: 'newest-client-only',
    protocol: 'sse',
    breaks: 'Events go to the client that came last.',
    clause: 'HTML/authoring-notes',
    rules: { audience: 'newest' },
  },
  {
    name: 'disconnect-ends-all',
    protocol: 'sse',
    breaks: 'A client that leaves takes all others with it.',
    clause: 'STREAMPROOF/clients-independent',
    rules: { leaving: 'ends-all' },
  },
]

export const sseStreamMutants: readonly Mutant[] = [...bytesOfStream, ...payloads, ...delivery]
