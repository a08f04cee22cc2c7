import type { HeadViolation, HttpRules } from './rules.ts'

/** The head of a request. */
export interface RequestHead {
  readonly method: string
  /** As sent. */
  readonly target: string
  /** Path of the target in origin form, also if it was sent in absolute form. Not decoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly version: '1.0' | '1.1'
  /** In the order sent; values without surrounding whitespace, bytes as latin1. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The lines after the request line, bytes as latin1. */
  readonly lines: readonly string[]
  /** First value, or null. */
  get(name: string): string | null
  all(name: string): readonly string[]
  /** Elements of the comma-separated list over all lines of this name, trimmed, without empty elements. */
  list(name: string): readonly string[]
}

export type ParsedHead =
  | { readonly kind: 'partial' }
  | { readonly kind: 'refused'; readonly status: number; readonly why: string }
  | { readonly kind: 'whole'; readonly head: RequestHead; readonly length: number }

/** Limits of a request line and of a whole head, in bytes. */
export const headLimits = { line: 8192, head: 16_384 } as const

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const partial: ParsedHead = { kind: 'partial' }

/** Parses a head at the start of the received bytes (RFC 9112 2 to 5). Rejects a malformed head as early as possible. */
export function parseHead(received: Buffer, rules: HttpRules): ParsedHead {
  const tolerates = (violation: HeadViolation): boolean => rules.toleratesInHead.includes(violation)
  const text = received.toString('latin1', 0, headLimits.head + 4)
  const end = tolerates('bare-lf') ? /\r?\n\r?\n/.exec(text) : /\r\n\r\n/.exec(text)
  const head = end === null ? text : text.slice(0, end.index)
  if (!tolerates('bare-lf') && /(^|[^\r])\n/.test(head)) return refused(400, 'a line must end in CR LF')
  if (end === null || end.index > headLimits.head) {
    if (rules.longHead === 'ignore') return partial
    if (lineLength(text) > headLimits.line) return refused(414, 'the request line is too long')
    return received.length > headLimits.head ? refused(431, 'the header fields are too large') : partial
  }
  const lines = head.split(tolerates('bare-lf') ? /\r?\n/ : '\r\n')
  // RFC 9112 2.2: an empty line before the request line may be ignored.
  if (lines[0] === '') lines.shift()
  const line = readLine(lines.shift() ?? '')
  if (line === null) return refused(400, 'the request line is malformed')
  if (line.version !== '1.0' && line.version !== '1.1') return refused(505, 'this server speaks HTTP/1.1')
  const headers = readFields(lines, tolerates)
  if (typeof headers === 'string') return refused(400, headers)
  const hosts = headers.filter(([name]) => name.toLowerCase() === 'host')
  if (hosts.length === 0 && line.version === '1.1' && !tolerates('host-missing'))
    return refused(400, 'Host is missing')
  if (hosts.length > 1 && !tolerates('host-twice')) return refused(400, 'Host is repeated')
  const location = locationOf(line.target)
  if (location === null) return refused(400, 'the request target is malformed')
  const parsed = makeHead({ ...line, version: line.version, lines }, location, headers)
  const lengths = parsed.all('content-length')
  if (lengths.length > 1 || lengths.some((value) => !/^[0-9]{1,15}$/.test(value))) {
    return refused(400, 'Content-Length is malformed')
  }
  if (lengths.length > 0 && parsed.get('transfer-encoding') !== null)
    return refused(400, 'Content-Length and Transfer-Encoding exclude each other')
  return { kind: 'whole', head: parsed, length: end.index + end[0].length }
}

function refused(status: number, why: string): ParsedHead {
  return { kind: 'refused', status, why }
}

function lineLength(text: string): number {
  const end = text.indexOf('\n')
  return end === -1 ? text.length : end
}

function readLine(line: string): { method: string; target: string; version: string } | null {
  const parts = /^(\S+) ([\x21-\x7e\x80-\xff]+) HTTP\/([0-9]\.[0-9])$/.exec(line)
  const [, method, target, version] = parts ?? []
  if (method === undefined || target === undefined || version === undefined) return null
  return token.test(method) ? { method, target, version } : null
}

function readFields(
  lines: readonly string[],
  tolerates: (violation: HeadViolation) => boolean,
): (readonly [string, string])[] | string {
  const headers: (readonly [string, string])[] = []
  for (const line of lines) {
    if (/^[ \t]/.test(line)) {
      if (!tolerates('obs-fold')) return 'a header line must not be folded'
      const last = headers.pop()
      if (last !== undefined) headers.push([last[0], `${last[1]} ${line.trim()}`])
      continue
    }
    const colon = line.indexOf(':')
    if (colon === -1) {
      if (!tolerates('no-colon')) return 'a header line has no colon'
      continue
    }
    const raw = line.slice(0, colon)
    const name = tolerates('space-before-colon') ? raw.trimEnd() : raw
    if (!token.test(name)) return 'a header name is malformed'
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')
    // oxlint-disable-next-line no-control-regex -- the rule is about control characters
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value) && !tolerates('control-in-value')) {
      return 'a header value has a control character'
    }
    headers.push([name, value])
  }
  return headers
}

/** Path and query of a target in origin, absolute or asterisk form. */
function locationOf(target: string): { path: string; query: URLSearchParams } | null {
  const absolute = /^https?:\/\/[^/?#]+(.*)$/i.exec(target)
  const origin = absolute === null ? target : (absolute[1] ?? '')
  const local = origin === '' || origin.startsWith('?') ? `/${origin}` : origin
  if (target === '*') return { path: '*', query: new URLSearchParams() }
  if (!local.startsWith('/') || local.includes('#')) return null
  const mark = local.indexOf('?')
  return mark === -1
    ? { path: local, query: new URLSearchParams() }
    : { path: local.slice(0, mark), query: new URLSearchParams(local.slice(mark + 1)) }
}

function makeHead(
  line: { method: string; target: string; version: '1.0' | '1.1'; lines: readonly string[] },
  location: { path: string; query: URLSearchParams },
  headers: readonly (readonly [string, string])[],
): RequestHead {
  const all = (name: string): readonly string[] =>
    headers.filter(([header]) => header.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return {
    ...line,
    ...location,
    headers,
    all,
    get: (name) => all(name)[0] ?? null,
    list: (name) =>
      all(name)
        .flatMap((value) => value.split(','))
        .map((element) => element.trim())
        .filter((element) => element !== ''),
  }
}
