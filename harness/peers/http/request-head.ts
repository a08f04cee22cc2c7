import type { HeaderList } from '#wire/http/head'
import { isSecure } from '#common/url'
import type { Endpoint } from '#peers/session/endpoint'

/** Where a request goes: the address, and whether TLS carries it. */
export interface RequestAddress {
  readonly url: URL
  readonly encrypted: boolean
}

/** What a check changes in the headers of a request. */
interface HeaderChanges {
  /** Replace those of the same name, or are added. */
  readonly headers?: HeaderList | undefined
  /** Names of headers to leave out, unless `headers` gives them. */
  readonly without?: readonly string[] | undefined
}

/**
 * True if a request must carry no credentials of the contract: they go out in plain text only to the address that
 * the contract itself gives in plain text as the target.
 */
export function withholdsCredentials({ url }: Endpoint, address: RequestAddress): boolean {
  return !address.encrypted && (isSecure(url) || url.host !== address.url.host)
}

/**
 * The headers of a request to a target, for every protocol: `defaults`, replaced by the contract's, replaced by the
 * check's. Without the contract's where these are withheld.
 */
export function requestHeaders(
  endpoint: Endpoint,
  address: RequestAddress,
  defaults: HeaderList,
  { headers = [], without = [] }: HeaderChanges,
): HeaderList {
  const contract = withholdsCredentials(endpoint, address) ? [] : endpoint.headers
  const omitted = new Set(without.map((name) => name.toLowerCase()))
  const kept = replaceHeaders(defaults, contract).filter(([name]) => !omitted.has(name.toLowerCase()))
  return replaceHeaders(kept, headers).map(([name, value]) => [name, asLatin1(value)])
}

/**
 * Path and query of a request. Where credentials are withheld, so are the query parameters of the target's own
 * address: one of them may be a token.
 */
export function requestTarget(endpoint: Endpoint, address: RequestAddress): string {
  const { pathname, search } = address.url
  if (!withholdsCredentials(endpoint, address)) return `${pathname}${search}`
  const secret = new Set([endpoint.url, endpoint.secureUrl].flatMap((url) => parametersOf(url?.search ?? '')))
  const open = parametersOf(search).filter((parameter) => !secret.has(parameter))
  return open.length === 0 ? pathname : `${pathname}?${open.join('&')}`
}

function parametersOf(search: string): string[] {
  return search.slice(1).split('&').filter(Boolean)
}

/** Puts headers in the place of those with the same name, or at the end. A name may occur more than once. */
function replaceHeaders(headers: HeaderList, replacements: HeaderList): HeaderList {
  const namesake = (name: string): HeaderList =>
    replacements.filter(([other]) => other.toLowerCase() === name.toLowerCase())
  const seen = new Set<string>()
  const replaced = headers.flatMap(([name, value]): HeaderList => {
    const instead = namesake(name)
    if (instead.length === 0) return [[name, value]]
    if (seen.has(name.toLowerCase())) return []
    seen.add(name.toLowerCase())
    return instead
  })
  return [...replaced, ...replacements.filter(([name]) => !seen.has(name.toLowerCase()))]
}

/** A value as Latin-1 characters, one for each byte: UTF-8 if the value has characters beyond Latin-1. */
export function asLatin1(value: string | Uint8Array): string {
  if (typeof value !== 'string') return Buffer.from(value).toString('latin1')
  return /[^\0-\xff]/.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value
}
