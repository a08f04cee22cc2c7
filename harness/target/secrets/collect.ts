import { headerList } from '#target/contract/headers'
import type { HeadersGiven } from '#target/contract/headers'
import type { Contract } from '#target/contract/contract'
import { userPart } from '#common/url'

/** What must never be seen in anything that a run leaves behind. */
export interface Secrets {
  /** Hidden wherever they occur, in every encoding. */
  readonly values: readonly string[]
  /** Too short to be hunted for everywhere: hidden behind what gives them away (`X-Key: `, `token=`). */
  readonly short: readonly { readonly before: string; readonly value: string }[]
}

/** A value of fewer characters occurs by chance in almost every text. */
const leastLength = 4

/** Headers whose values are known to everybody. */
const openHeaders = new Set(
  'accept accept-encoding accept-language cache-control connection content-length content-type dnt host origin pragma user-agent'.split(
    ' ',
  ),
)

/** Words that stand in a header or body and are no secret, though they have the place of one. */
const openWords = new Set(
  'basic bearer digest token apikey true false null none data event events message messages publish channel topic type text payload content body name test json application/json text/plain'.split(
    ' ',
  ),
)

/**
 * Collects every secret of a contract: user part and query of each URL, values of headers, cookies, subprotocols,
 * what the publish request holds besides the event, and the texts of the opening exchange.
 */
export function secretsOf(contract: Contract): Secrets {
  const found = new Collector()
  const { publish } = contract
  const urls = [
    contract.ws,
    contract.sse,
    contract.secureUrl?.ws,
    contract.secureUrl?.sse,
    contract.plainUrl?.ws,
    contract.plainUrl?.sse,
  ]
  for (const url of [...urls, publish?.url]) if (url !== undefined) addUrl(found, url)
  for (const headers of [contract.headers, publish?.headers]) addHeaders(found, headers)
  for (const protocol of contract.subprotocols ?? []) found.add(protocol)
  if (publish?.body !== undefined) addBody(found, publish.body)
  for (const step of contract.opening ?? []) addText(found, 'send' in step ? step.send : step.expect)
  return found.result()
}

class Collector {
  readonly #values = new Set<string>()
  readonly #short: { before: string; value: string }[] = []

  /** @param before what stands in front of the value wherever it is sent; none: a short value cannot be hidden. */
  add(value: string, before: string | null = null): void {
    if (value === '' || openWords.has(value.toLowerCase()) || /^\{[\w:]+\}$/.test(value)) return
    if (value.length >= leastLength) this.#values.add(value)
    else if (before !== null) this.#short.push({ before, value })
  }

  result(): Secrets {
    return { values: [...this.#values], short: this.#short }
  }
}

function addUrl(found: Collector, text: string): void {
  if (!URL.canParse(text)) return
  const url = new URL(text)
  const { user, password } = userPart(url)
  addUserAndPassword(found, user, password)
  found.add(url.username)
  found.add(url.password)
  for (const part of url.search.slice(1).split('&')) {
    const [name = '', ...rest] = part.split('=')
    if (rest.length === 0) found.add(name)
    else found.add(rest.join('='), `${name}=`)
  }
  for (const [name, value] of url.searchParams) found.add(value, `${name}=`)
}

function addUserAndPassword(found: Collector, user: string, password: string): void {
  found.add(user)
  found.add(password, `${user}:`)
  if (user !== '' || password !== '') found.add(`${user}:${password}`)
}

function addHeaders(found: Collector, headers: HeadersGiven | undefined): void {
  for (const [name, value] of headerList(headers)) {
    if (openHeaders.has(name.toLowerCase())) continue
    found.add(value, `${name}: `)
    const basic = /^basic\s+(\S+)$/i.exec(value)?.[1]
    if (basic !== undefined) {
      const [user = '', ...password] = Buffer.from(basic, 'base64').toString('utf8').split(':')
      addUserAndPassword(found, user, password.join(':'))
    }
    // `Bearer abc`, `a=1; b=2`, `key="value", other=…`
    for (const part of value.split(/[\s;,]+/)) {
      found.add(part)
      const [, key = '', inner = ''] = /^([^=]+)="?(.*?)"?$/.exec(part) ?? []
      found.add(inner, `${key}=`)
    }
  }
}

/** A body template: what stands in its strings or form fields, apart from the placeholders. */
function addBody(found: Collector, body: string): void {
  for (const part of body.split(/\{(?:(?:json|url):)?(?:data|event|id)\}/)) addText(found, part)
}

function addText(found: Collector, text: string): void {
  const trimmed = text.trim()
  if (trimmed.length < leastLength) return
  found.add(trimmed)
  // Values behind a colon or an equals sign: JSON strings and form fields. Names are no secrets.
  for (const [, key = '', quoted, bare] of text.matchAll(
    /([\w.-]*)"?\s*[:=]\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"&,;{}[\]]+))/g,
  )) {
    const value = quoted === undefined ? (bare ?? '') : unescaped(quoted)
    found.add(value, quoted === undefined ? `${key}=` : null)
    for (const piece of value.split(/\s+/)) found.add(piece)
  }
  // A text without any of these is a secret word by word, where a word looks like one: letters and digits mixed.
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
