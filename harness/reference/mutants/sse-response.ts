import type { Mutant } from '#reference/mutant'
import { strictStreamHeaders } from '#reference/sse/rules'

const stream = 'HTML/the-eventsource-interface'

/** The stream's headers with one value changed; null leaves the header out. */
function headersWith(name: string, value: string | null): readonly (readonly [string, string])[] {
  const others = strictStreamHeaders.filter(([header]) => header !== name)
  return value === null ? others : [...others, [name, value]]
}

/** Mutants of the response: everything but the bytes of the stream. */
export const sseResponseMutants: readonly Mutant[] = [
  {
    name: 'status-201',
    protocol: 'sse',
    breaks: 'The stream has status 201.',
    clause: stream,
    rules: { streamStatus: 201 },
  },
  {
    name: 'type-html',
    protocol: 'sse',
    breaks: 'The stream has Content-Type text/html.',
    clause: 'HTML/parsing-an-event-stream',
    rules: { streamHeaders: headersWith('Content-Type', 'text/html; charset=utf-8') },
  },
  {
    name: 'type-missing',
    protocol: 'sse',
    breaks: 'The stream has no Content-Type.',
    clause: 'HTML/parsing-an-event-stream',
    rules: { streamHeaders: headersWith('Content-Type', null) },
  },
  {
    name: 'charset-latin1',
    protocol: 'sse',
    breaks: 'The media type has a charset other than utf-8.',
    clause: 'HTML/text/event-stream',
    rules: { streamHeaders: headersWith('Content-Type', 'text/event-stream; charset=iso-8859-1') },
  },
  {
    name: 'late-headers',
    protocol: 'sse',
    breaks: 'The response head is 2.5 seconds late.',
    clause: 'HTML/sse-processing-model',
    rules: { headDelayMs: 2500 },
  },
  {
    name: 'needs-accept',
    protocol: 'sse',
    breaks: 'A request without Accept is rejected.',
    clause: stream,
    rules: { refusesStream: (head) => (head.get('accept') === null ? 406 : null) },
  },
  {
    name: 'needs-exact-accept',
    protocol: 'sse',
    breaks: 'A request whose Accept is not exactly text/event-stream is rejected.',
    clause: stream,
    rules: {
      refusesStream: (head) => ([null, 'text/event-stream'].includes(head.get('accept')) ? null : 406),
    },
  },
  {
    name: 'needs-whole-request',
    protocol: 'sse',
    breaks: 'A request for the stream that arrives in several segments is rejected.',
    clause: stream,
    rules: { requestSegments: 'one' },
  },
  {
    name: 'needs-cache-control',
    protocol: 'sse',
    breaks: 'A request without Cache-Control is rejected.',
    clause: stream,
    rules: { refusesStream: (head) => (head.get('cache-control') === null ? 400 : null) },
  },
  {
    name: 'needs-http-1-1',
    protocol: 'sse',
    breaks: 'An HTTP/1.0 request is rejected.',
    clause: 'RFC9110/2.5',
    rules: { refusesStream: (head) => (head.version === '1.0' ? 505 : null) },
  },
  {
    name: 'cacheable-stream',
    protocol: 'sse',
    breaks: 'Cache-Control allows caches to store the stream.',
    clause: stream,
    rules: { streamHeaders: headersWith('Cache-Control', 'public, max-age=60, no-transform') },
  },
  {
    name: 'no-cache-control',
    protocol: 'sse',
    breaks: 'The stream has no Cache-Control.',
    clause: stream,
    rules: { streamHeaders: headersWith('Cache-Control', null) },
  },
  {
    name: 'transformable-stream',
    protocol: 'sse',
    breaks: 'Cache-Control lacks no-transform.',
    clause: 'STREAMPROOF/no-transform',
    rules: { streamHeaders: headersWith('Cache-Control', 'no-store') },
  },
  {
    name: 'bufferable-stream',
    protocol: 'sse',
    breaks: 'The stream has no X-Accel-Buffering.',
    clause: 'STREAMPROOF/no-proxy-buffering',
    rules: { streamHeaders: headersWith('X-Accel-Buffering', null) },
  },
  {
    name: 'no-nosniff',
    protocol: 'sse',
    breaks: 'The stream has no X-Content-Type-Options.',
    clause: 'STREAMPROOF/nosniff',
    rules: { streamHeaders: headersWith('X-Content-Type-Options', null) },
  },
  {
    name: 'version-banner',
    protocol: 'sse',
    breaks: 'The Server header has a version number.',
    clause: 'STREAMPROOF/no-version-banner',
    rules: { streamHeaders: [...strictStreamHeaders, ['Server', 'Reference/1.2.3 (Unix)']] },
  },
  {
    name: 'head-hangs',
    protocol: 'sse',
    breaks: 'HEAD gets no response.',
    clause: 'RFC9110/9.1',
    rules: { headMethod: 'hang' },
  },
  {
    name: 'head-streams',
    protocol: 'sse',
    breaks: 'HEAD gets the stream as content.',
    clause: 'RFC9110/9.3.2',
    rules: { headMethod: 'stream' },
  },
  {
    name: 'any-method-streams',
    protocol: 'sse',
    breaks: 'Every HTTP method gets the stream.',
    clause: 'RFC9110/9.1',
    rules: { otherMethods: 'stream' },
  },
  {
    name: 'unknown-method-streams',
    protocol: 'sse',
    breaks: 'An unknown method gets the stream.',
    clause: 'RFC9110/9.1',
    rules: { unknownMethods: 'stream' },
  },
  {
    name: 'no-allow',
    protocol: 'sse',
    breaks: 'Status 405 has no Allow header.',
    clause: 'RFC9110/15.5.6',
    rules: { otherMethods: 'refuse-without-allow' },
  },
  {
    name: 'chunked-to-http-1-0',
    protocol: 'sse',
    breaks: 'An HTTP/1.0 client gets a chunked response.',
    clause: 'RFC9112/6.1',
    rules: { framing: 'to-all' },
  },
  {
    name: 'length-and-chunked',
    protocol: 'sse',
    breaks: 'The response has both Transfer-Encoding and Content-Length.',
    clause: 'RFC9112/6.2',
    rules: { framing: 'both' },
  },
  {
    name: 'compresses-without-flush',
    protocol: 'sse',
    breaks: 'If the client accepts gzip, a layer compresses the stream and never flushes it.',
    clause: 'STREAMPROOF/compression-flushes',
    rules: { compresses: 'when-asked' },
  },
  {
    name: 'stack-trace-errors',
    protocol: 'sse',
    breaks: 'Error responses show a stack trace.',
    clause: 'STREAMPROOF/no-internals-in-errors',
    rules: {
      errorBody: (why) =>
        `Error: ${why}\n    at answer (/srv/reference/server.js:42:13)\n    at Server.emit (node:events:524:28)\n`,
    },
  },
  {
    name: 'finite-stream',
    protocol: 'sse',
    breaks: 'The stream ends by itself.',
    clause: 'HTML/text/event-stream',
    rules: { lifetimeMs: 250 },
  },
  {
    name: 'extra-bytes-end-stream',
    protocol: 'sse',
    breaks: 'Bytes after the request end the stream.',
    clause: 'EXPECTATIONS/EXP-CON-3',
    rules: { pipelined: 'end' },
  },
  {
    name: 'extra-bytes-echoed',
    protocol: 'sse',
    breaks: 'Bytes after the request are echoed as an event.',
    clause: 'EXPECTATIONS/EXP-LIM-4',
    rules: { pipelined: 'echo' },
  },
  {
    name: 'answers-inside-stream',
    protocol: 'sse',
    breaks: 'The response to a second request is sent inside the stream.',
    clause: 'RFC9112/9.3.2',
    rules: { pipelined: 'answer-inside' },
  },
  {
    name: 'few-streams',
    protocol: 'sse',
    breaks: 'More than four streams at once are rejected.',
    clause: 'HTML/authoring-notes',
    rules: { maxStreams: 4 },
  },
  {
    name: 'one-stream-at-a-time',
    protocol: 'sse',
    breaks: 'A new stream ends the stream before it.',
    clause: 'HTML/authoring-notes',
    rules: { oneAtATime: true },
  },
]
