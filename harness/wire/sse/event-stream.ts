/**
 * Incremental parser of `text/event-stream`, on bytes. It dispatches exactly as a conforming client does (HTML,
 * "interpreting an event stream"), and lists violations of the grammar. Pure; its memory is bounded for any input.
 */

import { ByteBuffer } from '#wire/byte-buffer'
import { defaultLimits } from './types.ts'
import type { EventStreamLimits, ParsedEvent, ParsedLine } from './types.ts'
import { problemsOfLine } from './grammar.ts'
import type { GrammarProblem } from './grammar.ts'

const maxProblems = 200
const lf = 0x0a
const cr = 0x0d

type Writable<T> = { -readonly [K in keyof T]: T[K] }

export class EventStreamParser {
  readonly #limits: EventStreamLimits
  readonly #body: ByteBuffer
  readonly #line: ByteBuffer
  // The parser itself removes a BOM, from the first line only: a second one is part of the text.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #lines: Writable<ParsedLine>[] = []
  readonly #events: Writable<ParsedEvent>[] = []
  readonly #problems: GrammarProblem[] = []
  #truncated = false
  #ended = false
  #size = 0
  #lineFrom = 0
  #firstLine = true
  /** The line (and the event) that ended with the last byte, a CR: a LF that follows belongs to it. */
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

  /** `lastEventId`: the client's last event ID from its previous connection. */
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

  /** The last event ID, which a blank line commits. */
  get lastEventId(): string {
    return this.#lastEventId
  }

  /** Reconnection time in ms that the stream set, or null. */
  get retry(): number | null {
    return this.#retry
  }

  /** Offset of the first byte of the incomplete block. */
  get blockFrom(): number {
    return this.#blockFrom
  }

  /** True if a limit was reached, so that something was not kept. */
  get truncated(): boolean {
    return this.#truncated
  }

  /** Takes the next bytes of the body, split at any place, and the time at which they arrived. */
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

  /** The body has ended: an incomplete line or block is discarded, and is a problem. A second call has no effect. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    const inLine = this.#line.size > (this.#firstLine && startsWithBom(this.#line.view()) ? 3 : 0)
    if (inLine) this.#report('unterminated', 'the stream ends inside a line', this.#lineFrom)
    else if (this.#blockFields > 0) {
      this.#report('unterminated', 'the stream ends inside an event, before its blank line', this.#blockFrom)
    } else if (this.#blockLines > 0) {
      this.#report('unterminated', 'the stream ends in a comment that no blank line follows', this.#blockFrom)
    }
    this.#line.clear()
    this.#data = []
    this.#type = ''
  }

  #joinLf(end: number): void {
    const ended = this.#afterCr
    this.#afterCr = null
    if (ended === null) return
    ended.line.end = 'crlf'
    this.#lineFrom = end
    if (ended.line.kind === 'blank') this.#blockFrom = end
    if (ended.event !== null) ended.event.to = end
  }

  #endLine(byte: number, end: number, ms: number): void {
    if (this.#line.truncated) this.#truncated = true
    let bytes = this.#line.take()
    let offset = this.#lineFrom
    if (this.#firstLine && startsWithBom(bytes)) {
      bytes = bytes.subarray(3)
      offset += 3
      this.#blockFrom = offset
    }
    this.#firstLine = false
    this.#lineFrom = end
    const line = { ...this.#split(bytes), bytes, end: byte === cr ? 'cr' : 'lf', offset, ms } as const
    this.#keepLine(line)
    const event = this.#interpret(line, end)
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

  #interpret(line: ParsedLine, end: number): Writable<ParsedEvent> | null {
    if (line.kind === 'blank') {
      const event = this.#dispatch(end, line.ms)
      this.#blockFrom = end
      this.#blockLines = 0
      this.#blockFields = 0
      return event
    }
    this.#blockLines += 1
    const field = line.kind === 'field' ? line.name : null
    for (const problem of problemsOfLine(line.bytes, field, line.value, line.offset)) {
      this.#report(problem.rule, problem.what, problem.offset)
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

  #dispatch(end: number, ms: number): Writable<ParsedEvent> | null {
    const { length } = this.#data
    // The standard appends a LF to every value and removes the last one.
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
      to: end,
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

  #report(rule: GrammarProblem['rule'], what: string, offset: number): void {
    if (this.#problems.length < maxProblems) this.#problems.push({ rule, what, offset })
  }
}

function startsWithBom(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}
