import { headerList } from '#target/contract/headers'
import type { HeadersGiven } from '#target/contract/headers'
import { userPart } from '#common/url'

/** The credentials of a contract, which must not appear in anything that a run prints or writes. */
export interface Secrets {
  /** Hidden wherever they occur, in every encoding. */
  readonly values: readonly string[]
  /** Too short to be hidden everywhere: hidden only after the text that announces them (`X-Key: `, `token=`). */
  readonly short: readonly { readonly before: string; readonly value: string }[]
}

/** A value with fewer characters occurs by chance in almost every text. */
const leastLength = 4

/** Headers whose values are not credentials. */
const publicHeaders = new Set(
  'accept accept-encoding accept-language cache-control connection content-length content-type dnt host origin pragma sec-websocket-protocol user-agent'.split(
    ' ',
  ),
)

/** Words that occur in headers, queries and bodies, and are not credentials. */
const publicWords = new Set(
  'basic bearer digest token apikey true false null none data event events message messages publish channel topic type text payload content body name test json application/json text/plain'.split(
    ' ',
  ),
)

/** Where a contract may hold credentials. */
export interface SecretSources {
  /** URLs of targets: their hosts and paths are public. */
  readonly targetUrls: readonly (string | undefined)[]
  readonly otherUrls: readonly (string | undefined)[]
  readonly headers: readonly (HeadersGiven | undefined)[]
  /** Bodies of requests, with placeholders. */
  readonly bodies: readonly (string | undefined)[]
  /** Messages that are sent or expected. */
  readonly texts: readonly string[]
  /** Names that every report may show, such as subprotocols: a value that is equal to one of them is public. */
  readonly publicNames: readonly string[]
}

/**
 * Collects every credential of a contract: user name, password and query values of each URL, header values, cookies,
 * what requests hold besides their placeholders, and messages. The host and path of a target are public, and so is a
 * value that is equal to one of them.
 */
export function secretsOf(sources: SecretSources): Secrets {
  const urls = sources.targetUrls.flatMap(parsed)
  const found = new Collector([...urls.flatMap(publicPartsOf), ...sources.publicNames])
  for (const url of [...urls, ...sources.otherUrls.flatMap(parsed)]) addUrl(found, url)
  for (const headers of sources.headers) addHeaders(found, headers)
  for (const body of sources.bodies) if (body !== undefined) addBody(found, body)
  for (const text of sources.texts) addText(found, text)
  return found.result()
}

function parsed(url: string | undefined): URL[] {
  return url !== undefined && URL.canParse(url) ? [new URL(url)] : []
}

/** What every report shows of a target's URL: its host, and its path as a whole and part by part. */
function publicPartsOf(url: URL): readonly string[] {
  return [url.host, url.hostname, url.pathname, ...url.pathname.split('/')]
}

class Collector {
  readonly #public: ReadonlySet<string>
  readonly #values = new Set<string>()
  readonly #short: { before: string; value: string }[] = []

  constructor(publicNames: readonly string[]) {
    this.#public = new Set(publicNames)
  }

  /** @param before the text that precedes the value in a request; null: a short value cannot be hidden. */
  add(value: string, before: string | null = null): void {
    if (value === '' || this.#public.has(value) || publicWords.has(value.toLowerCase())) return
    if (/^\{[\w:]+\}$/.test(value)) return // a placeholder
    if (value.length >= leastLength) this.#values.add(value)
    else if (before !== null) this.#short.push({ before, value })
  }

  /** Passwords are never public, even if the path happens to hold the same word. */
  addPassword(value: string, before: string): void {
    if (value.length >= leastLength) this.#values.add(value)
    else if (value !== '') this.#short.push({ before, value })
  }

  result(): Secrets {
    return { values: [...this.#values], short: this.#short }
  }
}

function addUrl(found: Collector, url: URL): void {
  const { user, password } = userPart(url)
  addUserAndPassword(found, user, password)
  found.add(url.username)
  found.addPassword(url.password, `${url.username}:`)
  for (const part of url.search.slice(1).split('&')) {
    const [name = '', ...rest] = part.split('=')
    if (rest.length === 0) found.add(name)
    else found.add(rest.join('='), `${name}=`)
  }
  for (const [name, value] of url.searchParams) found.add(value, `${name}=`)
}

function addUserAndPassword(found: Collector, user: string, password: string): void {
  found.add(user)
  found.addPassword(password, `${user}:`)
  if (user !== '' || password !== '') found.add(`${user}:${password}`)
}

function addHeaders(found: Collector, headers: HeadersGiven | undefined): void {
  for (const [name, value] of headerList(headers)) {
    if (publicHeaders.has(name.toLowerCase())) continue
    found.add(value, `${name}: `)
    const basic = /^basic\s+(\S+)$/i.exec(value)?.[1]
    if (basic !== undefined) {
      const [user = '', ...password] = Buffer.from(basic, 'base64').toString('utf8').split(':')
      addUserAndPassword(found, user, password.join(':'))
    }
    // Such as `Bearer abc`, `a=1; b=2` and `key="value", other=…`.
    for (const part of value.split(/[\s;,]+/)) {
      found.add(part)
      const [, key = '', inner = ''] = /^([^=]+)="?(.*?)"?$/.exec(part) ?? []
      found.add(inner, `${key}=`)
    }
  }
}

/** A body template: its strings and form fields, except for the placeholders. */
function addBody(found: Collector, body: string): void {
  for (const part of body.split(/\{(?:(?:json|url):)?(?:data|event|id)\}/)) addText(found, part)
}

function addText(found: Collector, text: string): void {
  const trimmed = text.trim()
  if (trimmed.length < leastLength) return
  found.add(trimmed)
  // Values after a colon or an equals sign: JSON strings and form fields. Their names are public.
  for (const [, key = '', quoted, bare] of text.matchAll(
    /([\w.-]*)"?\s*[:=]\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"&,;{}[\]]+))/g,
  )) {
    const value = quoted === undefined ? (bare ?? '') : unescaped(quoted)
    found.add(value, quoted === undefined ? `${key}=` : null)
    for (const piece of value.split(/\s+/)) found.add(piece)
  }
  // Elsewhere a word with both letters and digits looks like a credential.
  for (const word of text.split(/[\s"'&=,;:{}[\]()<>]+/)) {
    if (/\d/.test(word) && /[A-Za-z]/.test(word)) found.add(word)
  }
}

function unescaped(quoted: string): string {
  try {
    return JSON.parse(`"${quoted}"`) as string
  } catch {
    return quoted
  }
}
