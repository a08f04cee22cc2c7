import { Inconclusive, SetupError, Violation } from '#model/errors'
import type { ProtocolFacts } from '#model/protocol'
import type { Endpoint } from '#peers/session/endpoint'
import type { HttpHead } from '#peers/kit'
import { shownUrl } from '#common/url'

/** Why a target could not be opened, and what to do about it: always one line. */
export type Diagnosis = SetupError | null

/** How a protocol asks a server what it is. */
export interface FirstAnswer<Kit> {
  /** The head of the server's first answer; null where it shows that the server speaks the protocol. */
  ask(kit: Kit): Promise<HttpHead | null>
  /** What is asked with, with its article: `a WebSocket handshake`. */
  readonly request: string
  /** Why a redirect is not followed, as a sentence without its end. */
  readonly redirects: string
}

/**
 * Asks a target that did not open what it is. Null: as far as its first answer shows, it speaks the protocol, and the
 * checks say what is wrong with it.
 * @param other asks which other protocol is spoken at this address; null: none that we know.
 */
export async function diagnose<Kit>(
  kit: Kit,
  endpoint: Endpoint,
  first: FirstAnswer<Kit>,
  expected: ProtocolFacts,
  other: () => Promise<ProtocolFacts | null>,
): Promise<Diagnosis> {
  const url = shownUrl(endpoint.url)
  const mistaken = async (): Promise<string | null> => {
    const spoken = await other()
    if (spoken === null) return null
    const { plain, secure } = spoken.schemes
    return `${url} is ${spoken.noun}, not ${expected.noun}: give it as ${plain} or ${secure}`
  }
  try {
    const head = await first.ask(kit)
    if (head === null) return null
    return new SetupError((await mistaken()) ?? `${url} ${wrongAnswer(head, first)}`)
  } catch (error) {
    if (error instanceof Inconclusive) {
      return new SetupError(`${url} ${unreached(error, endpoint.url)}`, { cause: error })
    }
    if (!(error instanceof Violation)) throw error
    return new SetupError((await mistaken()) ?? `${url}: ${violated(error, endpoint, expected)}`, {
      cause: error,
    })
  }
}

function wrongAnswer<Kit>(head: HttpHead, first: FirstAnswer<Kit>): string {
  const { status } = head
  const what = first.request
  if (status >= 300 && status <= 399) return redirect(head, first.redirects)
  if (status === 401)
    return "answers 401: it requires credentials; give them with --header 'Authorization: ...'"
  if (status === 403)
    return "answers 403: it rejects the request; it may need --header 'Authorization: ...' or --allowed-origin"
  if (status === 404) return 'answers 404: there is no such page; check the path of the URL'
  if (status === 429 || status === 503) return crowded
  if (status >= 400)
    return `answers ${status} to ${what}; check the path of the URL, and the log of the server`
  const type = mediaType(head)
  if (type === 'text/html') return `answers ${what} with an HTML page; check the path of the URL`
  if (status === 200)
    return `answers ${what} with ${type === null ? 'no Content-Type' : `Content-Type ${type}`}; check the path of the URL`
  return `answers ${status} to ${what}; check the path of the URL`
}

/** Redirects are not followed: WebSocket clients do not, and credentials must not go to an address that a server chooses. */
function redirect(head: HttpHead, why: string): string {
  const location = head.get('location')
  const plain = location === null ? '' : withoutControls(location.split(/[?#]/)[0] ?? '')
  const where = location === null ? 'nowhere (it sends no Location)' : plain
  return `redirects (${head.status}) to ${where}; ${why}: give the URL that it redirects to`
}

/** The media type in lower case, without parameters and without anything that a terminal would act on. */
export function mediaType(head: HttpHead): string | null {
  const type = head.get('content-type')
  return type === null ? null : withoutControls((type.split(';')[0] ?? '').trim().toLowerCase())
}

function withoutControls(text: string): string {
  const plain = Array.from(text, (one) => (/[!-~]/.test(one) ? one : '?')).join('')
  return plain.length > 80 ? `${plain.slice(0, 80)}...` : plain
}

const crowded = 'accepts no further connection (429 or 503); try again later'

function codeOf(error: unknown): string | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0])
    if ('code' in at && typeof at.code === 'string' && at !== error) return at.code
  }
  return null
}

function unreached(error: Inconclusive, url: URL): string {
  const code = codeOf(error)
  const host = url.hostname
  switch (code) {
    case 'ECONNREFUSED':
      return 'refuses connections: nothing listens on that port; start the server, or check the port'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return `cannot be found: the name ${host} does not resolve (${code}); check the host of the URL`
    case 'ECONNRESET':
      return 'resets every connection; check the port, and the proxies in front of the server'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return `cannot be reached from here (${code}); check the host of the URL, and the network`
    default:
      if (/(answered|status) (429|503)/.test(error.message)) return crowded
      if (error.message.includes('did not answer'))
        return 'does not answer: no TCP connection was made in time; check host, port and firewalls'
      return `cannot be reached: ${error.message}`
  }
}

/** Why there was no first answer: TLS, silence, an end, or something that is not HTTP. */
function violated({ actual }: Violation, { url }: Endpoint, { schemes }: ProtocolFacts): string {
  const secure = url.protocol === schemes.secure
  const failed = /TLS failed(?: with|:)? ?:?(\w+)/.exec(actual)?.[1]
  if (failed !== undefined) return tlsFailed(failed, schemes.plain)
  if (/no complete answer|no response/.test(actual)) {
    return 'accepts connections, but did not answer in time; check the port and the server, or allow more time with --timeout-scale'
  }
  if (/ended|closed|FIN|RST/.test(actual)) {
    return `closes the connection before it answers (${actual}); check the port${secure ? '' : `, and whether it needs TLS (${schemes.secure})`}`
  }
  return `does not answer as an HTTP server: ${actual}`
}

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

function tlsFailed(code: string, plain: string): string {
  if (untrusted.has(code))
    return `its certificate is not trusted (${code}); add its certificate authority with --ca FILE, or skip verification with --insecure`
  if (code === 'CERT_HAS_EXPIRED') return `its certificate has expired (${code}); renew it, or use --insecure`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `its certificate is for another host (${code}); check the host of the URL, or use --insecure`
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code === 'ECONNRESET') {
    return `TLS fails (${code}): the port may speak plain text; try ${plain}`
  }
  return `TLS fails (${code}); check the port and the certificate`
}
