import type { Mutant } from '#reference/mutant'

const cursor = 'HTML/the-last-event-id-header'
const exact = 'STREAMPROOF/exact-resume'

/**
 * The sequence with its digits reversed. Of any ten ids in a row, every digit comes first once, so that their order as
 * text is wrong wherever the cursor is.
 */
function reversedDigits(sequence: number): string {
  return String(sequence).split('').toReversed().join('')
}

/** Mutants whose ids cannot serve a resume. */
const ids: readonly Mutant[] = [
  {
    name: 'no-ids',
    protocol: 'sse',
    breaks: 'Events have no id.',
    clause: cursor,
    rules: { idWritten: () => null },
  },
  {
    name: 'per-connection-ids',
    protocol: 'sse',
    breaks: 'Every connection numbers its events from 0.',
    clause: 'STREAMPROOF/shared-ids',
    rules: { idWritten: (_event, count) => String(count) },
  },
  {
    name: 'constant-id',
    protocol: 'sse',
    breaks: 'All events have the same id.',
    clause: 'STREAMPROOF/unique-ids',
    rules: { idWritten: () => '1' },
  },
  {
    name: 'some-without-id',
    protocol: 'sse',
    breaks: 'Events with several lines of data have no id.',
    clause: 'HTML/dispatchMessage',
    rules: {
      idWritten: (event) => (/[\r\n]/.test(Buffer.from(event.data).toString('latin1')) ? null : event.id),
    },
  },
  {
    name: 'some-with-empty-id',
    protocol: 'sse',
    breaks:
      'Events with several lines of data have an empty id, which resets the last event ID of the client.',
    clause: 'HTML/dispatchMessage',
    rules: {
      idWritten: (event) => (/[\r\n]/.test(Buffer.from(event.data).toString('latin1')) ? '' : event.id),
    },
  },
  {
    name: 'long-ids',
    protocol: 'sse',
    breaks: 'Ids are longer than a cross-origin Last-Event-ID may be without a preflight.',
    clause: 'FETCH/cors-safelisted-request-header',
    rules: { makeId: (sequence) => String(sequence).padStart(200, '0') },
  },
  {
    name: 'unsafe-ids',
    protocol: 'sse',
    breaks: 'Ids contain characters that a cross-origin header may not have without a preflight.',
    clause: 'FETCH/cors-unsafe-request-header-byte',
    rules: { makeId: (sequence) => `{"at":${sequence}}` },
  },
  {
    name: 'ascii-ids',
    protocol: 'sse',
    breaks: 'Non-ASCII characters of an id become question marks.',
    clause: 'HTML/processField',
    rules: { idWritten: ({ id }) => id.replace(/[^\0-\x7f]/gu, '?') },
  },
]

/** Mutants that answer a cursor with an error. */
const cursors: readonly Mutant[] = [
  {
    name: 'unknown-cursor-400',
    protocol: 'sse',
    breaks: 'An unknown cursor gets status 400.',
    clause: cursor,
    rules: { refusesCursor: (_cursor, known) => (known ? null : 400) },
  },
  {
    name: 'unknown-cursor-500',
    protocol: 'sse',
    breaks: 'An unknown cursor gets status 500.',
    clause: cursor,
    rules: { refusesCursor: (_cursor, known) => (known ? null : 500) },
  },
  {
    name: 'unknown-cursor-html',
    protocol: 'sse',
    breaks: 'An unknown cursor gets a web page with status 200.',
    clause: 'HTML/the-eventsource-interface',
    rules: { unknownCursor: 'html' },
  },
  {
    name: 'unknown-cursor-silent',
    protocol: 'sse',
    breaks: 'An unknown cursor gets only live events, and no report of what is missing.',
    clause: 'STREAMPROOF/unknown-cursor-reported',
    rules: { unknownCursor: 'live-only' },
  },
  {
    name: 'long-cursor-400',
    protocol: 'sse',
    breaks: 'A cursor of more than 1024 characters gets status 400.',
    clause: cursor,
    rules: { refusesCursor: (text) => (text.length > 1024 ? 400 : null) },
  },
  {
    name: 'non-ascii-cursor-500',
    protocol: 'sse',
    breaks: 'A non-ASCII cursor gets status 500.',
    clause: cursor,
    rules: { refusesCursor: (text) => (/[^\0-\x7f]/.test(text) ? 500 : null) },
  },
  {
    name: 'numbers-only-cursor',
    protocol: 'sse',
    breaks: 'A cursor that is not a number gets status 400.',
    clause: cursor,
    rules: { refusesCursor: (text) => (/^[0-9]+$/.test(text) ? null : 400) },
  },
  {
    name: 'empty-cursor-400',
    protocol: 'sse',
    breaks: 'An empty Last-Event-ID gets status 400.',
    clause: 'STREAMPROOF/empty-cursor',
    rules: { emptyCursor: 'unknown', refusesCursor: (text) => (text === '' ? 400 : null) },
  },
  {
    name: 'empty-cursor-replays',
    protocol: 'sse',
    breaks: 'An empty Last-Event-ID is treated as an unknown cursor, and gets the whole history.',
    clause: 'STREAMPROOF/empty-cursor',
    rules: { emptyCursor: 'unknown' },
  },
  {
    name: 'latin1-cursor',
    protocol: 'sse',
    breaks: 'Last-Event-ID is decoded as ISO 8859-1, so that a non-ASCII id is never found.',
    clause: cursor,
    rules: { readCursor: (bytes) => bytes.toString('latin1') },
  },
]

/** Mutants that replay wrong events. */
const replays: readonly Mutant[] = [
  {
    name: 'resume-inclusive',
    protocol: 'sse',
    breaks: 'The replay begins with the event of the cursor itself.',
    clause: exact,
    rules: { resume: (kept, at) => kept.slice(Math.max(at, 0)) },
  },
  {
    name: 'resume-loses-first',
    protocol: 'sse',
    breaks: 'The older half of the events after the cursor is not replayed.',
    clause: exact,
    rules: { resume: (kept, at) => kept.slice(at + 1).slice(Math.ceil((kept.length - at - 1) / 2)) },
  },
  {
    name: 'resume-loses-last',
    protocol: 'sse',
    breaks: 'The newer half of the events after the cursor is not replayed.',
    clause: exact,
    rules: { resume: (kept, at) => kept.slice(at + 1).slice(0, Math.floor((kept.length - at - 1) / 2)) },
  },
  {
    name: 'resume-last-only',
    protocol: 'sse',
    breaks: 'Only the last of the events after the cursor is replayed.',
    clause: exact,
    rules: { resume: (kept, at) => kept.slice(at + 1).slice(-1) },
  },
  {
    name: 'resume-reversed',
    protocol: 'sse',
    breaks: 'The replay begins with the newest event.',
    clause: exact,
    rules: { resume: (kept, at) => kept.slice(at + 1).reverse() },
  },
  {
    name: 'resume-twice',
    protocol: 'sse',
    breaks: 'Every event is replayed twice.',
    clause: exact,
    rules: { resume: (kept, at) => kept.slice(at + 1).flatMap((event) => [event, event]) },
  },
  {
    name: 'resume-live-only',
    protocol: 'sse',
    breaks: 'Last-Event-ID is ignored.',
    clause: exact,
    rules: { resume: () => [], unknownCursor: 'live-only' },
  },
  {
    name: 'resume-everything',
    protocol: 'sse',
    breaks: 'The whole history is replayed for every cursor.',
    clause: exact,
    rules: { resume: (kept) => kept },
  },
  {
    name: 'resume-by-text',
    protocol: 'sse',
    breaks: 'Ids are compared as text, although the order of publication is another.',
    clause: exact,
    rules: {
      makeId: reversedDigits,
      resume: (kept, _at, cursor) => kept.filter(({ id }) => id > cursor),
    },
  },
  {
    name: 'resume-altered',
    protocol: 'sse',
    breaks: 'Replayed events have lost their line breaks.',
    clause: exact,
    rules: {
      resume: (kept, at) =>
        kept.slice(at + 1).map((event) => ({
          ...event,
          data: Buffer.from(
            Buffer.from(event.data)
              .toString('latin1')
              .replace(/[\r\n]+/g, ' '),
            'latin1',
          ),
        })),
    },
  },
  {
    name: 'resume-unnamed',
    protocol: 'sse',
    breaks: 'Replayed events have lost their names.',
    clause: exact,
    rules: { resume: (kept, at) => kept.slice(at + 1).map((event) => ({ ...event, name: null })) },
  },
  {
    name: 'resume-renumbered',
    protocol: 'sse',
    breaks: 'Replayed events have new ids.',
    clause: exact,
    rules: {
      resume: (kept, at) => kept.slice(at + 1).map((event) => ({ ...event, id: `again-${event.id}` })),
    },
  },
  {
    name: 'resume-gap',
    protocol: 'sse',
    breaks: 'Events published within 300 ms of a replay are lost.',
    clause: exact,
    rules: { handover: 'gap' },
  },
  {
    name: 'resume-overlap',
    protocol: 'sse',
    breaks: 'Events published within 300 ms of a replay are delivered twice.',
    clause: exact,
    rules: { handover: 'overlap' },
  },
  {
    name: 'resume-live-first',
    protocol: 'sse',
    breaks: 'Live events come before the replay.',
    clause: exact,
    rules: { handover: 'live-first' },
  },
  {
    name: 'resume-without-live',
    protocol: 'sse',
    breaks: 'No live event follows a replay.',
    clause: exact,
    rules: { handover: 'never-live' },
  },
  {
    name: 'short-history',
    protocol: 'sse',
    breaks: 'The history keeps only three events.',
    clause: exact,
    rules: { historySize: 3 },
  },
  {
    name: 'refuse-reconnect',
    protocol: 'sse',
    breaks: 'A client that reconnects with a cursor gets status 503.',
    clause: 'HTML/the-eventsource-interface',
    rules: { reconnect: 'refuse' },
  },
  {
    name: 'slow-reconnect',
    protocol: 'sse',
    breaks: 'The server answers a client that reconnects with a cursor only after four seconds.',
    clause: 'HTML/sse-processing-model',
    rules: { reconnect: 'delay' },
  },
]

export const sseResumeMutants: readonly Mutant[] = [...ids, ...cursors, ...replays]
