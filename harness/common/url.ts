import { UsageError } from '#model/errors'

/** @throws UsageError in one line that never repeats what may hold a password. */
export function parseUrl(given: string, place: string, schemes: readonly string[]): URL {
  const url = URL.canParse(given.trim()) ? new URL(given.trim()) : null
  const wanted = schemes.map((scheme) => `${scheme}//`).join(' or ')
  if (url === null)
    throw new UsageError(
      `${place}: ${withoutSecrets(given)} is not a URL; give one that begins with ${wanted}`,
    )
  // `user:password@host` parses as a scheme with something behind it.
  if (!schemes.includes(url.protocol) && given.includes('@'))
    throw new UsageError(`${place}: give a URL that begins with ${wanted}`)
  if (!schemes.includes(url.protocol))
    throw new UsageError(`${place}: ${url.protocol} is not a scheme for it; give ${wanted}`)
  if (url.hostname === '') throw new UsageError(`${place}: the URL has no host`)
  return url
}

/** What can be shown of a text that is no URL: nothing of one with an @, and nothing behind a ? */
function withoutSecrets(given: string): string {
  // Where a user part ends cannot be told of what does not parse: a password may hold any character.
  if (given.includes('@')) return 'what is given'
  const shown = given.replace(/[?#].*$/s, '')
  return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 60)}…` : shown)
}

/** Takes the user part out, and gives what stands for it: the value of an `Authorization` header. */
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

/** User name and password as they were meant, percent-decoded where that can be done. */
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

/** A URL as it may be shown: without user part, and with stars in place of every value of its query. */
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

/** True where showing the URL as it is would tell something that is nobody's business. */
export function holdsSecrets(url: URL): boolean {
  return url.username !== '' || url.password !== '' || url.search.length > 1
}
