/**
 * Incremental parser of `text/event-stream`, on bytes. It dispatches exactly as a conforming client does (HTML,
 * "interpreting an event stream"), and says side by side what the strict grammar does not allow. Pure: it is handed
 * bytes and their times, and opens nothing. What it keeps is bounded, whatever arrives.
 */

import { ByteBuffer } from '#wire/byte-buffer'
import { problemsOfLine } from './grammar.ts'
import type { GrammarProblem } from './grammar.ts'

export interface ParsedEvent {
  /** `message` unless the event names another. */
  readonly type: string
  readonly data: string
  /** The cursor after this event. */
  readonly lastEventId: string
  /** The last id field of this very block that clients accept, or null. */
  readonly id: string | null
  readonly ms: number
  /** Offsets in the body: from the first byte of the block to behind its blank line. */
  readonly from: number
  readonly to: number
}

interface ParsedLine {
  readonly kind: 'field' | 'comment' | 'blank'
  /** Name of a field, even an unknown one; empty for a comment. */
  readonly name: string
  /** Value of a field without the one space that is dropped; text behind the colon for a comment. */
  readonly value: string
  /** Without its end, and without the stream's byte order mark. */
  readonly bytes: Uint8Array
  readonly end: 'lf' | 'cr' | 'crlf'
  readonly offset: number
  readonly ms: number
}

interface EventStreamLimits {
  /** Bytes of the body that are kept. */
  readonly body: number
  /** Bytes of one line, and of the data of one event. */
  readonly line: number
  /** Lines and events that are kept, each. */
  readonly count: number
  /** Bytes in all lines that are kept, and in the data of all events. */
  readonly total: number
}

const defaultLimits: EventStreamLimits = {
  body: 4_194_304,
  line: 4_194_304,
  count: 50_000,
  total: 8_388_608,
}

const maxProblems = 200
const lf = 0x0a
const cr = 0x0d

type Writable<T> = { -readonly [K in keyof T]: T[K] }

export class EventStreamParser {
  readonly #limits: EventStreamLimits
  readonly #body: ByteBuffer
  readonly #line: ByteBuffer
  // A BOM is taken off the first line alone, by hand: a second one is part of the text.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #lines: Writable<ParsedLine>[] = []
  readonly #events: Writable<ParsedEvent>[] = []
  readonly #problems: GrammarProblem[] = []
  #truncated = false
  #ended = false
  #size = 0
  #lineFrom = 0
  #firstLine = true
  /** The line (and the event) that ended in a CR as the last byte so far: a LF that follows belongs to it. */
  #afterCr: { readonly line: Writable<ParsedLine>; readonly event: Writable<ParsedEvent> | null } | null =
    null
  #blockFrom = 0
  #blockLines = 0
  #blockFields = 0
  #data: string[] = []
  #dataSize = 0
  #keptLineBytes = 0
  #keptEventBytes = 0
  #type = ''
  #idBuffer: string
  #id: string | null = null
  #lastEventId: string
  #retry: number | null = null

  /** `lastEventId`: the cursor that the client brings along from the connection before. */
  constructor(options: { readonly limits?: Partial<EventStreamLimits>; readonly lastEventId?: string } = {}) {
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#body = new ByteBuffer(this.#limits.body)
    this.#line = new ByteBuffer(this.#limits.line)
    this.#lastEventId = options.lastEventId ?? ''
    this.#idBuffer = this.#lastEventId
  }

  get lines(): readonly ParsedLine[] {
    return this.#lines
  }

  get events(): readonly ParsedEvent[] {
    return this.#events
  }

  get problems(): readonly GrammarProblem[] {
    return this.#problems
  }

  /** The first bytes of the body, up to the limit. */
  get body(): Uint8Array {
    return this.#body.view()
  }

  /** Bytes of the body so far, kept or not. */
  get size(): number {
    return this.#size
  }

  /** The cursor, committed at the blank line. */
  get lastEventId(): string {
    return this.#lastEventId
  }

  /** Reconnection time in ms that the stream set, or null. */
  get retry(): number | null {
    return this.#retry
  }

  /** Offset at which the block begins that is not ended yet. */
  get blockFrom(): number {
    return this.#blockFrom
  }

  /** True when a limit was met, so that something was not kept. */
  get truncated(): boolean {
    return this.#truncated
  }

  /** Takes the next bytes of the body, whatever their borders, and the time at which they came. */
  push(bytes: Uint8Array, ms: number): void {
    if (this.#ended) return
    this.#body.append(bytes)
    if (this.#body.truncated) this.#truncated = true
    let from = 0
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at]
      if (byte !== lf && byte !== cr) continue
      if (byte === lf && at === from && this.#line.size === 0 && this.#afterCr !== null) {
        this.#joinLf(this.#size + at + 1)
      } else {
        this.#line.append(bytes.subarray(from, at))
        this.#endLine(byte, this.#size + at + 1, ms)
      }
      from = at + 1
    }
    if (from < bytes.length) {
      this.#afterCr = null
      this.#line.append(bytes.subarray(from))
    }
    this.#size += bytes.length
  }

  /** The body has ended: what is pending is discarded, and told. A second call changes nothing. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    const inLine = this.#line.size > (this.#firstLine && startsWithBom(this.#line.view()) ? 3 : 0)
    if (inLine) this.#tell('unterminated', 'the stream ends inside a line', this.#lineFrom)
    else if (this.#blockFields > 0) {
      this.#tell('unterminated', 'the stream ends inside an event, before its blank line', this.#blockFrom)
    } else if (this.#blockLines > 0) {
      this.#tell(
        'unterminated',
        'the stream ends in a comment without a blank line behind it',
        this.#blockFrom,
      )
    }
    this.#line.clear()
    this.#data = []
    this.#type = ''
  }

  #joinLf(behind: number): void {
    const ended = this.#afterCr
    this.#afterCr = null
    if (ended === null) return
    ended.line.end = 'crlf'
    this.#lineFrom = behind
    if (ended.line.kind === 'blank') this.#blockFrom = behind
    if (ended.event !== null) ended.event.to = behind
  }

  #endLine(byte: number, behind: number, ms: number): void {
    if (this.#line.truncated) this.#truncated = true
    let bytes = this.#line.take()
    let offset = this.#lineFrom
    if (this.#firstLine && startsWithBom(bytes)) {
      bytes = bytes.subarray(3)
      offset += 3
      this.#blockFrom = offset
    }
    this.#firstLine = false
    this.#lineFrom = behind
    const line = { ...this.#split(bytes), bytes, end: byte === cr ? 'cr' : 'lf', offset, ms } as const
    this.#keepLine(line)
    const event = this.#interpret(line, behind)
    this.#afterCr = byte === cr ? { line, event } : null
  }

  #split(bytes: Uint8Array): Pick<ParsedLine, 'kind' | 'name' | 'value'> {
    if (bytes.length === 0) return { kind: 'blank', name: '', value: '' }
    const text = this.#decoder.decode(bytes)
    const colon = text.indexOf(':')
    if (colon === 0) return { kind: 'comment', name: '', value: text.slice(1) }
    if (colon === -1) return { kind: 'field', name: text, value: '' }
    return {
      kind: 'field',
      name: text.slice(0, colon),
      value: text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1),
    }
  }

  #interpret(line: ParsedLine, behind: number): Writable<ParsedEvent> | null {
    if (line.kind === 'blank') {
      const event = this.#dispatch(behind, line.ms)
      this.#blockFrom = behind
      this.#blockLines = 0
      this.#blockFields = 0
      return event
    }
    this.#blockLines += 1
    const field = line.kind === 'field' ? line.name : null
    for (const problem of problemsOfLine(line.bytes, field, line.value, line.offset)) {
      this.#tell(problem.rule, problem.what, problem.offset)
    }
    if (field === null) return null
    this.#blockFields += 1
    this.#process(field, line.value)
    return null
  }

  #process(name: string, value: string): void {
    switch (name) {
      case 'event':
        this.#type = value
        break
      case 'data':
        if (this.#dataSize + value.length > this.#limits.line) this.#truncated = true
        else {
          this.#dataSize += value.length + 1
          this.#data.push(value)
        }
        break
      case 'id':
        if (value.includes('\0')) break
        this.#idBuffer = value
        this.#id = value
        break
      case 'retry':
        if (/^[0-9]+$/.test(value)) this.#retry = Number.parseInt(value, 10)
        break
      default:
        break
    }
  }

  #dispatch(behind: number, ms: number): Writable<ParsedEvent> | null {
    const { length } = this.#data
    // Joined by LF: that is every value with a LF behind it, less the last LF.
    const data = this.#data.join('\n')
    const [type, id] = [this.#type, this.#id]
    this.#lastEventId = this.#idBuffer
    this.#data = []
    this.#dataSize = 0
    this.#type = ''
    this.#id = null
    if (length === 0) return null
    const event = {
      type: type === '' ? 'message' : type,
      data,
      lastEventId: this.#lastEventId,
      id,
      ms,
      from: this.#blockFrom,
      to: behind,
    }
    this.#keptEventBytes += data.length + type.length + 64
    if (this.#events.length < this.#limits.count && this.#keptEventBytes <= this.#limits.total)
      this.#events.push(event)
    else this.#truncated = true
    return event
  }

  #keepLine(line: Writable<ParsedLine>): void {
    this.#keptLineBytes += line.bytes.length
    if (this.#lines.length < this.#limits.count && this.#keptLineBytes <= this.#limits.total)
      this.#lines.push(line)
    else this.#truncated = true
  }

  #tell(rule: GrammarProblem['rule'], what: string, offset: number): void {
    if (this.#problems.length < maxProblems) this.#problems.push({ rule, what, offset })
  }
}

function startsWithBom(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}
