import { UsageError } from '#model/errors'

/** @throws UsageError in one line that never repeats a part of the URL that may hold a password. */
export function parseUrl(given: string, place: string, schemes: readonly string[]): URL {
  const url = URL.canParse(given.trim()) ? new URL(given.trim()) : null
  const wanted = schemes.map((scheme) => `${scheme}//`).join(' or ')
  if (url === null)
    throw new UsageError(
      `${place}: ${withoutSecrets(given)} is not a URL; give one that begins with ${wanted}`,
    )
  // `user:password@host` parses as a URL whose scheme is `user:`.
  if (!schemes.includes(url.protocol) && given.includes('@'))
    throw new UsageError(`${place}: give a URL that begins with ${wanted}`)
  if (!schemes.includes(url.protocol))
    throw new UsageError(`${place}: ${url.protocol} is not a scheme for it; give ${wanted}`)
  if (url.hostname === '') throw new UsageError(`${place}: the URL has no host`)
  return url
}

/** The part of an invalid URL that a message may show: nothing if it has an @, nothing after a ? or #. */
function withoutSecrets(given: string): string {
  // In a text that does not parse, the end of the user part is unknown: a password may hold any character.
  if (given.includes('@')) return 'the given text'
  const shown = given.replace(/[?#].*$/s, '')
  return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 60)}…` : shown)
}

/** Removes the user part, and returns it as the value of an `Authorization` header; null if there is none. */
export function withoutUserPart(from: URL): { url: URL; authorization: string | null } {
  const url = new URL(from)
  const { user, password } = userPart(from)
  url.username = ''
  url.password = ''
  const authorization =
    user === '' && password === ''
      ? null
      : `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`
  return { url, authorization }
}

/** User name and password, percent-decoded if that is possible. */
export function userPart(url: URL): { user: string; password: string } {
  return { user: decoded(url.username), password: decoded(url.password) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The URL for messages and reports: without user part, and with `***` for every value of its query. */
export function shownUrl(from: URL): string {
  const url = withoutUserPart(from).url
  const query = url.search
    .slice(1)
    .split('&')
    .filter((part) => part !== '')
    .map((part) => (part.includes('=') ? `${part.slice(0, part.indexOf('='))}=***` : '***'))
  url.search = ''
  return query.length === 0 ? url.href : `${url.href}?${query.join('&')}`
}

/** True if the URL itself must not be shown: it has a user part or a query. */
export function holdsSecrets(url: URL): boolean {
  return url.username !== '' || url.password !== '' || url.search.length > 1
}

const secureSchemes = new Set(['wss:', 'https:'])

/** True for `wss:` and `https:`. */
export function isSecure(url: URL): boolean {
  return secureSchemes.has(url.protocol)
}

/** Host (an IPv6 address without brackets) and port of a URL. */
export function addressOf(url: URL): { readonly host: string; readonly port: number } {
  const port = url.port === '' ? (isSecure(url) ? 443 : 80) : Number(url.port)
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port }
}
