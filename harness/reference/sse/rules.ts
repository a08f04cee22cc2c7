import type { RequestHead } from '#reference/http/head'
import { decodeLines, encodeField, encodeLines } from './encode.ts'
import type { StoredEvent } from './event.ts'
import { resumeExactly } from './resume.ts'
import type { ResumeRule } from './resume.ts'

type Header = readonly [name: string, value: string]

/** The answer to a request for the stream, before it streams. */
export interface ResponseRules {
  readonly streamStatus: number
  /** All headers of the stream that depend on nothing else. */
  readonly streamHeaders: readonly Header[]
  /** How long the head is held back, in ms. */
  readonly headDelayMs: number
  /** Null to serve the request, else the status that refuses it. */
  readonly refusesStream: (head: RequestHead) => number | null
  /** `hang`: no answer. `stream`: the stream, as if it were a GET. */
  /** `one`: a request for the stream whose head came in several pieces is refused with 400. */
  readonly requestPieces: 'any' | 'one'
  readonly headMethod: 'answer' | 'hang' | 'stream'
  readonly otherMethods: 'refuse' | 'refuse-without-allow' | 'stream'
  readonly unknownMethods: 'refuse' | 'stream'
  readonly foreignHost: 'refuse' | 'serve'
  /** `both`: Transfer-Encoding and a Content-Length. `to-all`: chunked for HTTP/1.0 as well. */
  readonly framing: 'chunked' | 'to-all' | 'both'
  /** The body that tells of an error. */
  readonly errorBody: (why: string) => string
  /** A stream asked for with this Accept-Encoding is compressed by a layer that never flushes. */
  readonly compresses: 'never' | 'when-asked'
  /** What becomes of a request that comes behind the one for the stream, on the same connection. */
  readonly pipelined: 'ignore' | 'answer-inside' | 'echo' | 'end'
  /** Streams open at a time; what is over is refused with 503. */
  readonly maxStreams: number
  /** A new stream ends the one before it. */
  readonly oneAtATime: boolean
}

/** The bytes of the stream. */
export interface StreamRules {
  /** Sent behind the head, and so that a client's buffers let go. */
  readonly opening: Uint8Array
  readonly heartbeat: Uint8Array | null
  /** The stream ends by itself after this time, in ms. */
  readonly lifetimeMs: number | null
  /** The stream ends when nothing was written for so long, in ms. */
  readonly endsSilentStreamAfterMs: number | null
  /** The id that is written, or null for none; `count` is the number of the event on this connection, from 0. */
  readonly idWritten: (event: StoredEvent, count: number) => string | null
  readonly nameWritten: (event: StoredEvent, before: StoredEvent | null) => string | null
  /** Lines of a payload. */
  readonly toLines: (data: Uint8Array) => readonly string[]
  readonly encodeLines: (lines: readonly string[]) => Uint8Array
  readonly encodeField: (name: 'id' | 'event', value: string) => Uint8Array
  /** What stands behind the fields of an event. */
  readonly blank: string
  /** Changes the bytes of a whole event last. */
  readonly rewrite: (bytes: Uint8Array, event: StoredEvent) => Uint8Array
}

export interface DeliveryRules {
  /** Events are handed to the streams this long after they were published, in ms. */
  readonly holdMs: number
  /** The last byte of each event is held back, in ms. */
  readonly holdBlankMs: number
  /** Events that come within 100 ms are delivered last first. */
  readonly order: 'kept' | 'reversed'
  readonly copies: number
  /** Who gets an event: all streams, or the one that was opened first or last. */
  readonly audience: 'all' | 'oldest' | 'newest'
  /** Where one client goes, all others are sent away. */
  readonly leaving: 'alone' | 'ends-all'
}

/** What becomes of a Last-Event-ID. */
export interface CursorRules {
  readonly makeId: (sequence: number) => string
  readonly historySize: number
  /** Octets of a Last-Event-ID to text. */
  readonly readCursor: (octets: Buffer) => string
  readonly emptyCursor: 'absent' | 'unknown'
  /** Null to serve, else the status that refuses a request with this cursor. */
  readonly refusesCursor: (cursor: string, known: boolean) => number | null
  /** What an unknown cursor gets: the documented reset and all that is kept, or silently nothing, or a web page. */
  readonly unknownCursor: 'reset' | 'live-only' | 'html'
  readonly resume: ResumeRule
  /**
   * How replay and live delivery meet. `gap`: what is published within 300 ms is lost. `overlap`: it comes twice.
   * `live-first`: the replay comes 300 ms later, behind what was published meanwhile. `never-live`: nothing follows it.
   */
  readonly handover: 'exact' | 'gap' | 'overlap' | 'live-first' | 'never-live'
  /** What meets a client that comes back with a cursor. */
  readonly comeback: 'serve' | 'refuse' | 'delay'
}

export interface PublishRules {
  /** Null to take the publication, else why it is refused. */
  readonly refusesPublication: (publication: {
    readonly name: string | null
    readonly id: string | null
  }) => string | null
  /** Changes a payload on its way in. */
  readonly takesData: (data: Uint8Array) => Uint8Array | null
  readonly takesName: (name: string) => string
  readonly takesId: (id: string) => string
}

/** The origins that the service knows. */
export interface OriginPolicy {
  readonly allowed: string
  /** The origin of the page that the service itself would serve. */
  readonly own: string
}

export interface CorsRules {
  /** `same`: served without CORS headers, as for no Origin at all. */
  readonly judgeOrigin: (origin: string | null, policy: OriginPolicy) => 'same' | 'allowed' | 'refused'
  readonly allowOrigin: (origin: string) => string | null
  readonly allowCredentials: boolean
  readonly varies: boolean
  readonly preflight: 'answer' | 'refuse'
  readonly preflightHeaders: string | null
  readonly strictTransport: string | null
  /** Requests to the secure address are sent to the plain one. */
  readonly redirectsToPlain: boolean
}

/** How the event stream is served and published to. */
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
  requestPieces: 'any',
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
  endsSilentStreamAfterMs: null,
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
  leaving: 'alone',

  makeId: String,
  historySize: 4096,
  readCursor: (octets) => octets.toString('utf8'),
  emptyCursor: 'absent',
  refusesCursor: () => null,
  unknownCursor: 'reset',
  resume: resumeExactly,
  handover: 'exact',
  comeback: 'serve',

  refusesPublication({ name, id }) {
    if (name !== null && /[\r\n\0]/.test(name)) return 'an event name has no line break and no NUL'
    return id !== null && /[\r\n\0]/.test(id) ? 'an id has no line break and no NUL' : null
  },
  takesData: (data) => data,
  takesName: (name) => name,
  takesId: (id) => id,

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
