/** What the parser of event streams makes of the bytes it is given. */

export interface ParsedEvent {
  /** `message` by default. */
  readonly type: string
  readonly data: string
  /** The last event ID after this event. */
  readonly lastEventId: string
  /** The last valid id field of this block, or null. */
  readonly id: string | null
  readonly ms: number
  /** Offsets in the body: of the first byte of the block, and of the first byte after its blank line. */
  readonly from: number
  readonly to: number
}

export interface ParsedLine {
  readonly kind: 'field' | 'comment' | 'blank'
  /** Name of a field, even an unknown one; empty for a comment. */
  readonly name: string
  /** Value of a field without the one leading space that parsers drop; text after the colon for a comment. */
  readonly value: string
  /** Without its line end, and without the stream's byte order mark. */
  readonly bytes: Uint8Array
  readonly end: 'lf' | 'cr' | 'crlf'
  readonly offset: number
  readonly ms: number
}

export interface EventStreamLimits {
  /** Bytes of the body that are kept. */
  readonly body: number
  /** Bytes of one line, and of the data of one event. */
  readonly line: number
  /** Lines and events that are kept, each. */
  readonly count: number
  /** Bytes in all lines that are kept, and in the data of all events. */
  readonly total: number
}

export const defaultLimits: EventStreamLimits = {
  body: 4_194_304,
  line: 4_194_304,
  count: 50_000,
  total: 8_388_608,
}
