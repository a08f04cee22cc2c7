import type { RequestHead } from '#reference/http/head'
import { decodeLines, encodeField, encodeLines } from './encode.ts'
import type { StoredEvent } from './event.ts'
import { resumeExactly } from './resume.ts'
import type { ResumeRule } from './resume.ts'

type Header = readonly [name: string, value: string]

/** The response to a request for the stream, before its events. */
interface ResponseRules {
  readonly streamStatus: number
  /** The headers of the stream that are the same for every request. */
  readonly streamHeaders: readonly Header[]
  /** Delay of the response head, in ms. */
  readonly headDelayMs: number
  /** Null to serve the request, otherwise the status that rejects it. */
  readonly refusesStream: (head: RequestHead) => number | null
  /** `one`: a request whose head arrived in several segments is rejected with 400. */
  readonly requestSegments: 'any' | 'one'
  /** `hang`: no response. `stream`: the stream, as for a GET. */
  readonly headMethod: 'answer' | 'hang' | 'stream'
  readonly otherMethods: 'refuse' | 'refuse-without-allow' | 'stream'
  readonly unknownMethods: 'refuse' | 'stream'
  readonly foreignHost: 'refuse' | 'serve'
  /** `both`: Transfer-Encoding and Content-Length. `to-all`: chunked for HTTP/1.0 as well. */
  readonly framing: 'chunked' | 'to-all' | 'both'
  /** The body of an error response. */
  readonly errorBody: (why: string) => string
  /** `when-asked`: if the client accepts gzip, a layer compresses the stream and never flushes. */
  readonly compresses: 'never' | 'when-asked'
  /** What the server does with bytes that follow the request for the stream. */
  readonly pipelined: 'ignore' | 'answer-inside' | 'echo' | 'end'
  /** Limit of open streams; further requests are rejected with 503. */
  readonly maxStreams: number
  /** Whether a new stream ends the stream before it. */
  readonly oneAtATime: boolean
}

/** The bytes of the stream. */
interface StreamRules {
  /** Sent after the head; buffers on the way then forward the head. */
  readonly opening: Uint8Array
  readonly heartbeat: Uint8Array | null
  /** Time after which the stream ends, in ms; null for never. */
  readonly lifetimeMs: number | null
  /** Idle time after which the stream ends, in ms; null for never. */
  readonly idleStreamTimeoutMs: number | null
  /** The id that is sent, or null for none; `count` is the number of the event on this connection, from 0. */
  readonly idWritten: (event: StoredEvent, count: number) => string | null
  readonly nameWritten: (event: StoredEvent, before: StoredEvent | null) => string | null
  /** Splits a payload into lines. */
  readonly toLines: (data: Uint8Array) => readonly string[]
  readonly encodeLines: (lines: readonly string[]) => Uint8Array
  readonly encodeField: (name: 'id' | 'event', value: string) => Uint8Array
  /** What follows the fields of an event. */
  readonly blank: string
  /** Changes the encoded bytes of an event. */
  readonly rewrite: (bytes: Uint8Array, event: StoredEvent) => Uint8Array
}

interface DeliveryRules {
  /** Delay between publication and delivery, in ms. */
  readonly holdMs: number
  /** Delay of the last byte of each event, in ms. */
  readonly holdBlankMs: number
  /** `reversed`: events published within 100 ms are delivered in reverse order. */
  readonly order: 'kept' | 'reversed'
  /** How often each event is delivered. */
  readonly copies: number
  /** Which streams receive an event: all, or the one that was opened first or last. */
  readonly audience: 'all' | 'oldest' | 'newest'
  /** `ends-all`: a disconnecting client ends the streams of all others. */
  readonly disconnect: 'ends-one' | 'ends-all'
}

/** How a Last-Event-ID is handled. */
interface CursorRules {
  readonly makeId: (sequence: number) => string
  readonly historySize: number
  /** Decodes the bytes of a Last-Event-ID. */
  readonly readCursor: (bytes: Buffer) => string
  readonly emptyCursor: 'absent' | 'unknown'
  /** Null to serve a request with this cursor, otherwise the status that rejects it. */
  readonly refusesCursor: (cursor: string, known: boolean) => number | null
  /** Response to an unknown cursor: a reset event and the whole history, only live events, or a web page. */
  readonly unknownCursor: 'reset' | 'live-only' | 'html'
  readonly resume: ResumeRule
  /**
   * How live delivery follows the replay. `gap`: events published within 300 ms are lost. `overlap`: they are sent
   * twice. `live-first`: the replay is sent 300 ms later, after the events of that time. `never-live`: no live events.
   */
  readonly handover: 'exact' | 'gap' | 'overlap' | 'live-first' | 'never-live'
  /** How a client that reconnects with a cursor is served. */
  readonly reconnect: 'serve' | 'refuse' | 'delay'
}

interface PublishRules {
  /** Null to accept the publication, otherwise why it is rejected. */
  readonly refusesPublication: (publication: {
    readonly name: string | null
    readonly id: string | null
  }) => string | null
  /** Changes the payload of an accepted publication; null drops it. */
  readonly acceptData: (data: Uint8Array) => Uint8Array | null
  readonly acceptName: (name: string) => string
  readonly acceptId: (id: string) => string
}

/** The origins of the service. */
export interface OriginPolicy {
  readonly allowed: string
  /** The origin of the service's own pages. */
  readonly own: string
}

interface CorsRules {
  /** `same`: served without CORS headers, as a request without Origin. */
  readonly judgeOrigin: (origin: string | null, policy: OriginPolicy) => 'same' | 'allowed' | 'refused'
  readonly allowOrigin: (origin: string) => string | null
  readonly allowCredentials: boolean
  readonly varies: boolean
  readonly preflight: 'answer' | 'refuse'
  readonly preflightHeaders: string | null
  readonly strictTransport: string | null
  /** Whether requests to the secure address are redirected to the plain-text one. */
  readonly redirectsToPlain: boolean
}

/** All rules of the event stream and its publish endpoint. */
export interface SseRules
  extends ResponseRules, StreamRules, DeliveryRules, CursorRules, PublishRules, CorsRules {}

export const strictStreamHeaders: readonly Header[] = [
  ['Content-Type', 'text/event-stream; charset=utf-8'],
  ['Cache-Control', 'no-store, no-transform'],
  ['X-Accel-Buffering', 'no'],
  ['X-Content-Type-Options', 'nosniff'],
]

export const strictSse: SseRules = {
  streamStatus: 200,
  streamHeaders: strictStreamHeaders,
  headDelayMs: 0,
  refusesStream: () => null,
  requestSegments: 'any',
  headMethod: 'answer',
  otherMethods: 'refuse',
  unknownMethods: 'refuse',
  foreignHost: 'refuse',
  framing: 'chunked',
  errorBody: (why) => `${why}\n`,
  compresses: 'never',
  pipelined: 'ignore',
  maxStreams: 4096,
  oneAtATime: false,

  opening: Buffer.from(': an event stream of the reference server\nretry: 1000\n\n'),
  heartbeat: Buffer.from(': heartbeat\n\n'),
  lifetimeMs: null,
  idleStreamTimeoutMs: null,
  idWritten: (event) => event.id,
  nameWritten: (event) => event.name,
  toLines: decodeLines,
  encodeLines,
  encodeField,
  blank: '\n',
  rewrite: (bytes) => bytes,

  holdMs: 0,
  holdBlankMs: 0,
  order: 'kept',
  copies: 1,
  audience: 'all',
  disconnect: 'ends-one',

  makeId: String,
  historySize: 4096,
  readCursor: (bytes) => bytes.toString('utf8'),
  emptyCursor: 'absent',
  refusesCursor: () => null,
  unknownCursor: 'reset',
  resume: resumeExactly,
  handover: 'exact',
  reconnect: 'serve',

  refusesPublication({ name, id }) {
    if (name !== null && /[\r\n\0]/.test(name)) return 'an event name must not contain a line break or NUL'
    return id !== null && /[\r\n\0]/.test(id) ? 'an id must not contain a line break or NUL' : null
  },
  acceptData: (data) => data,
  acceptName: (name) => name,
  acceptId: (id) => id,

  judgeOrigin(origin, policy) {
    if (origin === null || origin === policy.own) return 'same'
    return origin === policy.allowed ? 'allowed' : 'refused'
  },
  allowOrigin: (origin) => origin,
  allowCredentials: true,
  varies: true,
  preflight: 'answer',
  preflightHeaders: 'Last-Event-ID, Cache-Control',
  strictTransport: 'max-age=31536000',
  redirectsToPlain: false,
}
