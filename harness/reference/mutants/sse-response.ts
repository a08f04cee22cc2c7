import type { Mutant } from '#reference/mutant'
import { strictStreamHeaders } from '#reference/sse/rules'

const stream = 'HTML/the-eventsource-interface'

/** The stream's headers with one value changed, or, by null, left out. */
function headersWith(name: string, value: string | null): readonly (readonly [string, string])[] {
  const others = strictStreamHeaders.filter(([one]) => one !== name)
  return value === null ? others : [...others, [name, value]]
}

/** What is wrong before, or besides, the bytes of the stream. */
export const sseResponseMutants: readonly Mutant[] = [
  {
    name: 'status-201',
    protocol: 'sse',
    breaks: 'The stream comes with status 201.',
    clause: stream,
    rules: { streamStatus: 201 },
  },
  {
    name: 'type-html',
    protocol: 'sse',
    breaks: 'The stream is called text/html.',
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
    breaks: 'The head of the response comes two and a half seconds late.',
    clause: 'HTML/sse-processing-model',
    rules: { headDelayMs: 2500 },
  },
  {
    name: 'needs-accept',
    protocol: 'sse',
    breaks: 'A request without Accept is refused.',
    clause: stream,
    rules: { refusesStream: (head) => (head.get('accept') === null ? 406 : null) },
  },
  {
    name: 'needs-exact-accept',
    protocol: 'sse',
    breaks: 'A request whose Accept is not exactly text/event-stream is refused.',
    clause: stream,
    rules: {
      refusesStream: (head) => ([null, 'text/event-stream'].includes(head.get('accept')) ? null : 406),
    },
  },
  {
    name: 'needs-whole-request',
    protocol: 'sse',
    breaks: 'A request for the stream that comes in several pieces is refused.',
    clause: stream,
    rules: { requestPieces: 'one' },
  },
  {
    name: 'needs-cache-control',
    protocol: 'sse',
    breaks: 'A request without Cache-Control is refused.',
    clause: stream,
    rules: { refusesStream: (head) => (head.get('cache-control') === null ? 400 : null) },
  },
  {
    name: 'needs-http-1-1',
    protocol: 'sse',
    breaks: 'HTTP/1.0 is refused.',
    clause: 'RFC9110/2.5',
    rules: { refusesStream: (head) => (head.version === '1.0' ? 505 : null) },
  },
  {
    name: 'cacheable-stream',
    protocol: 'sse',
    breaks: 'Caches may keep the stream.',
    clause: stream,
    rules: { streamHeaders: headersWith('Cache-Control', 'public, max-age=60, no-transform') },
  },
  {
    name: 'no-cache-control',
    protocol: 'sse',
    breaks: 'Caches are told nothing.',
    clause: stream,
    rules: { streamHeaders: headersWith('Cache-Control', null) },
  },
  {
    name: 'transformable-stream',
    protocol: 'sse',
    breaks: 'Proxies are not told to leave the stream as it is.',
    clause: 'STREAMPROOF/no-transform',
    rules: { streamHeaders: headersWith('Cache-Control', 'no-store') },
  },
  {
    name: 'bufferable-stream',
    protocol: 'sse',
    breaks: 'Proxies are not told to pass the stream on at once.',
    clause: 'STREAMPROOF/no-proxy-buffering',
    rules: { streamHeaders: headersWith('X-Accel-Buffering', null) },
  },
  {
    name: 'no-nosniff',
    protocol: 'sse',
    breaks: 'Browsers are not told to trust the media type.',
    clause: 'STREAMPROOF/nosniff',
    rules: { streamHeaders: headersWith('X-Content-Type-Options', null) },
  },
  {
    name: 'version-banner',
    protocol: 'sse',
    breaks: 'The head tells the version of the software.',
    clause: 'STREAMPROOF/no-version-banner',
    rules: { streamHeaders: [...strictStreamHeaders, ['Server', 'Reference/1.2.3 (Unix)']] },
  },
  {
    name: 'head-hangs',
    protocol: 'sse',
    breaks: 'HEAD gets no answer.',
    clause: 'RFC9110/9.1',
    rules: { headMethod: 'hang' },
  },
  {
    name: 'head-streams',
    protocol: 'sse',
    breaks: 'HEAD gets the stream.',
    clause: 'RFC9110/9.3.2',
    rules: { headMethod: 'stream' },
  },
  {
    name: 'any-method-streams',
    protocol: 'sse',
    breaks: 'Every method of HTTP gets the stream.',
    clause: 'RFC9110/9.1',
    rules: { otherMethods: 'stream' },
  },
  {
    name: 'unknown-method-streams',
    protocol: 'sse',
    breaks: 'A method that nobody has heard of gets the stream.',
    clause: 'RFC9110/9.1',
    rules: { unknownMethods: 'stream' },
  },
  {
    name: 'no-allow',
    protocol: 'sse',
    breaks: 'Status 405 comes without Allow.',
    clause: 'RFC9110/15.5.6',
    rules: { otherMethods: 'refuse-without-allow' },
  },
  {
    name: 'chunked-to-http-1-0',
    protocol: 'sse',
    breaks: 'A client of HTTP/1.0 gets chunks.',
    clause: 'RFC9112/6.1',
    rules: { framing: 'to-all' },
  },
  {
    name: 'length-and-chunked',
    protocol: 'sse',
    breaks: 'The response has a Transfer-Encoding and a Content-Length.',
    clause: 'RFC9112/6.2',
    rules: { framing: 'both' },
  },
  {
    name: 'compresses-without-flush',
    protocol: 'sse',
    breaks: 'Where gzip is accepted, a layer compresses the stream and holds all of it back.',
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
    breaks: 'Whatever is sent behind the request ends the stream.',
    clause: 'EXPECTATIONS/EXP-CON-3',
    rules: { pipelined: 'end' },
  },
  {
    name: 'extra-bytes-echoed',
    protocol: 'sse',
    breaks: 'Whatever is sent behind the request comes back as an event.',
    clause: 'EXPECTATIONS/EXP-LIM-4',
    rules: { pipelined: 'echo' },
  },
  {
    name: 'answers-inside-stream',
    protocol: 'sse',
    breaks: 'The answer to a second request is sent in the middle of the stream.',
    clause: 'RFC9112/9.3.2',
    rules: { pipelined: 'answer-inside' },
  },
  {
    name: 'few-streams',
    protocol: 'sse',
    breaks: 'More than four streams at a time are refused.',
    clause: 'HTML/authoring-notes',
    rules: { maxStreams: 4 },
  },
  {
    name: 'one-stream-at-a-time',
    protocol: 'sse',
    breaks: 'A new stream ends the one before it.',
    clause: 'HTML/authoring-notes',
    rules: { oneAtATime: true },
  },
]
