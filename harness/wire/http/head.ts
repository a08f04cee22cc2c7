/** Heads of HTTP/1.1 messages (RFC 9112) as a client needs them: to send, and to read from pieces of any size. */

export type HeaderList = readonly (readonly [name: string, value: string])[]

export interface ResponseHead {
  /** `HTTP/1.1`. */
  readonly version: string
  readonly status: number
  readonly reason: string
  /** In the order received, names as sent; values without surrounding white space. Latin-1. */
  readonly headers: HeaderList
  /** The head as received, its empty line included. */
  readonly raw: Uint8Array
  all(name: string): readonly string[]
  get(name: string): string | null
  list(name: string): readonly string[]
}

/** A request's head, Latin-1. `rawLine` is inserted unchanged after the last header line. */
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

/** Longest accepted head, in bytes. */
const headCeiling = 64 * 1024

export type HeadProgress =
  | { readonly state: 'more' }
  /** `rest`: the bytes after the head. */
  | { readonly state: 'whole'; readonly head: ResponseHead; readonly rest: Uint8Array }
  /** `what`: the same text for the same fault. */
  | { readonly state: 'bad'; readonly what: string; readonly received: Uint8Array }

/** Reads one response head from pieces of any size. Lines may end in LF alone (RFC 9112 2.2). */
export class HeadReader {
  #received = new Uint8Array(0)
  #searched = 0

  /** The bytes received so far, if they are not a complete head. */
  get received(): Uint8Array {
    return this.#received
  }

  push(bytes: Uint8Array): HeadProgress {
    const joined = new Uint8Array(this.#received.length + bytes.length)
    joined.set(this.#received)
    joined.set(bytes, this.#received.length)
    this.#received = joined
    const end = endOfHead(joined, Math.max(0, this.#searched - 3))
    this.#searched = joined.length
    if (end < 0 && !mayBeHttp(joined))
      return { state: 'bad', what: 'bytes that are not an HTTP response', received: joined }
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

/** Offset after the first empty line, or -1. */
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
  if (status === null) return 'an invalid status line'
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
function splitList(value: string): string[] {
  return value.match(/(?:"(?:\\.|[^"\\])*"?|[^,"])+/g) ?? []
}
