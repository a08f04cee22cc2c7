import type { Mutant } from '#reference/mutant'
import { encodeLatin1Lines } from '#reference/sse/encode'

const grammar = 'HTML/parsing-an-event-stream'
const interpretation = 'HTML/event-stream-interpretation'
const fields = 'HTML/processField'
const dispatch = 'HTML/dispatchMessage'

const bom = Buffer.from([0xef, 0xbb, 0xbf])
const opening = (retry: string): Uint8Array =>
  Buffer.from(`: an event stream of the reference server\n${retry}\n`)

/** Mutants of the bytes of the stream, for every payload. */
const bytesOfStream: readonly Mutant[] = [
  {
    name: 'latin1-body',
    protocol: 'sse',
    breaks: 'Events are written as ISO 8859-1.',
    clause: grammar,
    rules: { encodeLines: encodeLatin1Lines },
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
    breaks: 'Events have an unknown field.',
    clause: interpretation,
    rules: { rewrite: (bytes) => Buffer.concat([Buffer.from('length: 5\n'), bytes]) },
  },
  {
    name: 'capital-field',
    protocol: 'sse',
    breaks: 'The event field is written with a capital letter.',
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
    breaks: 'No blank line ends an event.',
    clause: interpretation,
    rules: { blank: '', heartbeat: Buffer.from(': heartbeat\n') },
  },
  {
    name: 'holds-blank-line',
    protocol: 'sse',
    breaks: 'The blank line that ends an event is sent four seconds late.',
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
    breaks: 'The reconnection time is not written in digits only.',
    clause: fields,
    rules: { opening: opening('retry: 1s\n') },
  },
  {
    name: 'retry-zero',
    protocol: 'sse',
    breaks: 'The reconnection time is 0.',
    clause: 'STREAMPROOF/moderate-retry',
    rules: { opening: opening('retry: 0\n') },
  },
  {
    name: 'retry-absurd',
    protocol: 'sse',
    breaks: 'The reconnection time is a month.',
    clause: 'STREAMPROOF/moderate-retry',
    rules: { opening: opening('retry: 2678400000\n') },
  },
  {
    name: 'no-retry',
    protocol: 'sse',
    breaks: 'The stream has no retry field.',
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
    breaks: 'An idle stream sends nothing.',
    clause: 'HTML/authoring-notes',
    rules: { heartbeat: null },
  },
]

/** Mutants of when events are delivered, and to which clients. */
const delivery: readonly Mutant[] = [
  {
    name: 'hold-events',
    protocol: 'sse',
    breaks: 'Events are delivered two seconds late.',
    clause: 'HTML/authoring-notes',
    rules: { holdMs: 2000 },
  },
  {
    name: 'reverse-events',
    protocol: 'sse',
    breaks: 'Events published within 100 ms are delivered in reverse order.',
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
    breaks: 'Events are delivered only to the client that connected first.',
    clause: 'HTML/authoring-notes',
    rules: { audience: 'oldest' },
  },
  {
    name: 'newest-client-only',
    protocol: 'sse',
    breaks: 'Events are delivered only to the client that connected last.',
    clause: 'HTML/authoring-notes',
    rules: { audience: 'newest' },
  },
  {
    name: 'disconnect-ends-all',
    protocol: 'sse',
    breaks: 'A disconnecting client ends the streams of all others.',
    clause: 'STREAMPROOF/clients-independent',
    rules: { disconnect: 'ends-all' },
  },
]

export const sseStreamMutants: readonly Mutant[] = [...bytesOfStream, ...delivery]
