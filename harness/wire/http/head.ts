/** HTTP/1.1 messages (RFC 9112) as a client needs them: heads to send, heads and bodies that come in pieces. */

export type HeaderList = readonly (readonly [name: string, value: string])[]

export interface ResponseHead {
  /** `HTTP/1.1`. */
  readonly version: string
  readonly status: number
  readonly reason: string
  /** In the order of the wire, names as sent; values without the white space around them. Latin-1. */
  readonly headers: HeaderList
  /** The head as it came, its empty line included. */
  readonly raw: Uint8Array
  all(name: string): readonly string[]
  get(name: string): string | null
  list(name: string): readonly string[]
}

/** A request's head, Latin-1. `rawLine` goes behind the last header line, as it is. */
export function formatRequest(
  method: string,
  target: string,
  version: string,
  headers: HeaderList,
  rawLine: string | null = null,
): Uint8Array {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Uint8Array.from(
    Buffer.from(`${method} ${target} ${version}\r\n${lines}${rawLine ?? ''}\r\n`, 'latin1'),
  )
}

/** A head that is longer is given up on. */
export const headCeiling = 64 * 1024

export type HeadProgress =
  | { readonly state: 'more' }
  /** `rest`: what came behind the head. */
  | { readonly state: 'whole'; readonly head: ResponseHead; readonly rest: Uint8Array }
  /** `what`: the same words for the same fault. */
  | { readonly state: 'bad'; readonly what: string; readonly received: Uint8Array }

/** Reads one response head from pieces of any size. Lines may end in LF alone (RFC 9112 2.2). */
export class HeadReader {
  #held = new Uint8Array(0)
  #searched = 0

  /** What came so far and is no whole head. */
  get received(): Uint8Array {
    return this.#held
  }

  push(bytes: Uint8Array): HeadProgress {
    const joined = new Uint8Array(this.#held.length + bytes.length)
    joined.set(this.#held)
    joined.set(bytes, this.#held.length)
    this.#held = joined
    const end = endOfHead(joined, Math.max(0, this.#searched - 3))
    this.#searched = joined.length
    if (end < 0 && !mayBeHttp(joined))
      return { state: 'bad', what: 'bytes that are no HTTP response', received: joined }
    if (end > headCeiling || (end < 0 && joined.length > headCeiling)) {
      return { state: 'bad', what: 'a head of more than 64 KiB', received: joined }
    }
    if (end < 0) return { state: 'more' }
    const parsed = parseHead(joined.slice(0, end))
    if (typeof parsed === 'string') return { state: 'bad', what: parsed, received: joined }
    return { state: 'whole', head: parsed, rest: joined.slice(end) }
  }
}

const marker = Buffer.from('HTTP/')

function mayBeHttp(bytes: Uint8Array): boolean {
  return marker.subarray(0, bytes.length).equals(Buffer.from(bytes.subarray(0, marker.length)))
}

/** Offset behind the first empty line, or -1. */
function endOfHead(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3
  }
  return -1
}

function parseHead(raw: Uint8Array): ResponseHead | string {
  const [first = '', ...lines] = Buffer.from(raw)
    .toString('latin1')
    .replace(/\r?\n\r?\n$/, '')
    .split(/\r?\n/)
  const status = /^(HTTP\/\d\.\d) (\d{3})(?: (.*))?$/.exec(first)
  if (status === null) return 'a status line that is none'
  const headers: [string, string][] = []
  for (const line of lines) {
    const last = headers.at(-1)
    const colon = line.indexOf(':')
    if (/^[ \t]/.test(line) && last !== undefined) last[1] = `${last[1]} ${line.trim()}`
    else if (colon < 1) return 'a header line without a name and a colon'
    else headers.push([line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')])
  }
  return responseHead(status[1] ?? '', Number(status[2]), status[3] ?? '', headers, raw)
}

function responseHead(
  version: string,
  status: number,
  reason: string,
  headers: HeaderList,
  raw: Uint8Array,
): ResponseHead {
  const all = (name: string): readonly string[] =>
    headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return {
    version,
    status,
    reason,
    headers,
    raw,
    all,
    get: (name) => all(name)[0] ?? null,
    list: (name) =>
      all(name)
        .flatMap(splitList)
        .map((element) => element.trim())
        .filter((element) => element !== ''),
  }
}

/** Splits at commas, not inside quoted strings (RFC 9110 5.6.1). */
export function splitList(value: string): string[] {
  return value.match(/(?:"(?:\\.|[^"\\])*"?|[^,"])+/g) ?? []
}

/** Removes a transfer coding from the body of a response, piece by piece (RFC 9112 6 and 7). */
export class BodyDecoder {
  readonly #chunked: boolean
  /** Bytes left of the body, or of the chunk; null: until the connection ends. */
  #left: number | null
  #line = ''
  #expects: 'size' | 'data' | 'data-end' | 'trailer' = 'size'
  #done: boolean
  #problem: string | null = null

  /** `hasBody`: false where the request's method or the status says that there is none (HEAD, 204, 304, 1xx). */
  constructor(head: ResponseHead, hasBody = true) {
    const codings = head.list('transfer-encoding').map((coding) => coding.toLowerCase())
    this.#chunked = codings.at(-1) === 'chunked'
    const lengths = new Set(head.list('content-length'))
    const [length] = lengths
    this.#left = this.#chunked ? 0 : length === undefined ? null : Number(length)
    if (!this.#chunked && (lengths.size > 1 || (length !== undefined && !/^\d{1,15}$/.test(length)))) {
      this.#problem = 'a Content-Length that is none'
    }
    this.#done = !hasBody || this.#left === 0 ? !this.#chunked || !hasBody : false
  }

  /** How the body is delimited. */
  get framing(): 'chunked' | 'length' | 'until-end' {
    return this.#chunked ? 'chunked' : this.#left === null ? 'until-end' : 'length'
  }

  /** The body is whole. Never true where only the end of the connection ends it. */
  get done(): boolean {
    return this.#done
  }

  /** What is wrong with the coding; nothing is decoded from there on. */
  get problem(): string | null {
    return this.#problem
  }

  /** The next bytes of the body. Those behind its end are dropped. */
  push(bytes: Uint8Array): Uint8Array {
    if (this.#done || this.#problem !== null) return new Uint8Array(0)
    if (this.#chunked) return this.#unchunk(bytes)
    if (this.#left === null) return bytes.slice()
    const taken = bytes.slice(0, this.#left)
    this.#left -= taken.length
    this.#done = this.#left === 0
    return taken
  }

  #unchunk(bytes: Uint8Array): Uint8Array {
    const out = new Uint8Array(bytes.length)
    let size = 0
    let at = 0
    while (at < bytes.length && !this.#done && this.#problem === null) {
      if (this.#expects === 'data') {
        const piece = bytes.subarray(at, at + (this.#left ?? 0))
        out.set(piece, size)
        size += piece.length
        at += piece.length
        this.#left = (this.#left ?? 0) - piece.length
        if (this.#left === 0) this.#expects = 'data-end'
      } else {
        const byte = bytes[at++] as number
        if (byte === 10) this.#lineEnded(this.#line.replace(/\r$/, ''))
        else this.#line += String.fromCharCode(byte)
        if (this.#line.length > 8192) this.#problem = 'a chunk line of more than 8 KiB'
      }
    }
    return out.slice(0, size)
  }

  #lineEnded(line: string): void {
    this.#line = ''
    if (this.#expects === 'trailer') {
      if (line === '') this.#done = true
      return
    }
    if (this.#expects === 'data-end') {
      if (line !== '') this.#problem = 'a chunk longer than its size'
      this.#expects = 'size'
      return
    }
    const size = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(line)?.[1]
    if (size === undefined) this.#problem = 'a chunk size that is none'
    else this.#left = Number.parseInt(size, 16)
    this.#expects = this.#left === 0 ? 'trailer' : 'data'
  }
}
