import type { RequestHead } from '#reference/http/head'
import type { HttpConnection } from '#reference/http/server'
import { agreeOn, parseExtensions } from './extensions.ts'
import type { Offer } from './extensions.ts'
import type {
  DeflateAgreement,
  HandshakeViolation,
  OverStrictHandshakeRule,
  WebSocketRules,
} from './rules.ts'
import type { WebSocketService } from './service.ts'

type Headers = readonly (readonly [name: string, value: string])[]

/** The response to an opening handshake. `why` is the body of a rejection. */
export type Handshake =
  | { readonly kind: 'accepted'; readonly headers: Headers; readonly deflate: DeflateAgreement | null }
  | { readonly kind: 'refused'; readonly status: number; readonly headers: Headers; readonly why: string }

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** RFC 6455 4.3: base64 of 16 bytes. The last 4 bits of the last base64 character are zero. */
const keyForm = /^[A-Za-z0-9+/]{21}[AQgw]==$/
const versionHeader = ['Sec-WebSocket-Version', '13'] as const
const wantUpgrade: Headers = [['Upgrade', 'websocket'], versionHeader]

/** Decides on an opening handshake (RFC 6455 4.2.1 and 4.2.2), rule by rule in the order of the RFC. */
export function judgeHandshake(
  connection: HttpConnection,
  head: RequestHead,
  service: WebSocketService,
): Handshake {
  const { rules } = service
  const violation = violationOf(head, rules)
  if (violation !== null) return refusalOf(violation)
  if (isOverStrict(connection, head, rules)) return refused(400, 'this server is over-strict')
  const origin = head.get('origin')
  if (!rules.originAccepted(origin, { allowed: service.allowedOrigin, denied: service.deniedOrigin })) {
    return refused(rules.originStatus, 'the origin is not allowed')
  }
  const lines = head.all('sec-websocket-extensions')
  const read = rules.extensionLines === 'first' ? lines.slice(0, 1) : lines
  const offers = read.length === 0 ? [] : (parseExtensions(read.join(', ')) ?? [])
  const agreed = agreeOn(offers, rules)
  return {
    kind: 'accepted',
    deflate: agreed?.agreement ?? null,
    headers: rules.answerHeaders(acceptHeaders(head, agreed?.answer ?? null, rules), head),
  }
}

function acceptHeaders(head: RequestHead, extensions: string | null, rules: WebSocketRules): Headers {
  const subprotocol = rules.subprotocolOf(
    head.all('sec-websocket-protocol').map((line) => line.split(',').map((element) => element.trim())),
  )
  const answered = rules.extensionsAnswer(extensions, head.get('sec-websocket-extensions') !== null)
  return [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', rules.acceptOf(head.get('sec-websocket-key') ?? '', head)],
    ...(subprotocol === null ? [] : [['Sec-WebSocket-Protocol', subprotocol] as const]),
    ...(answered === null ? [] : [['Sec-WebSocket-Extensions', answered] as const]),
  ]
}

function violationOf(head: RequestHead, rules: WebSocketRules): HandshakeViolation | null {
  const found: HandshakeViolation[] = []
  if (head.method !== 'GET') found.push('method')
  if (head.version === '1.0') found.push('http-1.0')
  const upgrade = head.list('upgrade').map((value) => value.toLowerCase())
  if (upgrade.length === 0) found.push('upgrade-missing')
  else if (!upgrade.includes('websocket')) found.push('upgrade-other')
  const connection = head.list('connection').map((value) => value.toLowerCase())
  if (connection.length === 0) found.push('connection-missing')
  else if (!connection.includes('upgrade')) found.push('connection-other')
  const keys = head.all('sec-websocket-key')
  if (keys.length === 0) found.push('key-missing')
  else if (keys.length > 1) found.push('key-twice')
  else if (!keyForm.test(keys[0] ?? '')) found.push('key-malformed')
  const versions = head.all('sec-websocket-version')
  if (versions.length === 0) found.push('version-missing')
  else if (versions.length > 1) found.push('version-twice')
  else if (versions[0] === '') found.push('version-empty')
  else if (versions[0] !== '13') found.push(Number(versions[0]) === 13 ? 'version-form' : 'version-other')
  const subprotocols = head
    .all('sec-websocket-protocol')
    .map((line) => line.split(',').map((element) => element.trim()))
  const names = subprotocols.flat().filter((element) => element !== '')
  if (
    subprotocols.some((line) => line.every((element) => element === '')) ||
    names.some((subprotocol) => !token.test(subprotocol)) ||
    new Set(names).size < names.length
  ) {
    found.push('subprotocol-malformed')
  }
  const extensions = head.all('sec-websocket-extensions')
  if (extensions.length > 0 && parseExtensions(extensions.join(', ')) === null)
    found.push('extensions-malformed')
  if ((head.get('content-length') ?? '0') !== '0' || head.get('transfer-encoding') !== null)
    found.push('body')
  return found.find((violation) => !rules.toleratesInHandshake.includes(violation)) ?? null
}

function refusalOf(violation: HandshakeViolation): Handshake {
  switch (violation) {
    case 'method':
      return refused(405, 'a WebSocket handshake uses GET', [['Allow', 'GET']])
    case 'upgrade-missing':
    case 'upgrade-other':
    case 'connection-missing':
    case 'connection-other':
      return refused(426, 'this resource serves WebSocket only', wantUpgrade)
    case 'version-other':
    case 'version-missing':
    case 'version-empty':
    case 'version-form':
    case 'version-twice':
      return refused(426, 'this server supports version 13', wantUpgrade)
    default:
      return refused(400, `invalid handshake: ${violation}`)
  }
}

function refused(status: number, why: string, headers: Headers = []): Handshake {
  return { kind: 'refused', status, headers, why }
}

/** Whether a mutant rejects this valid handshake. */
function isOverStrict(connection: HttpConnection, head: RequestHead, rules: WebSocketRules): boolean {
  const rejects = (rule: OverStrictHandshakeRule, applies: boolean): boolean =>
    rules.rejectsInHandshake.includes(rule) && applies
  const names = head.headers.map(([name]) => name)
  const offers: readonly Offer[] = parseExtensions(head.all('sec-websocket-extensions').join(', ')) ?? []
  return (
    rejects('upgrade-in-other-case', head.get('upgrade') !== 'websocket') ||
    rejects('connection-list', head.get('connection') !== 'Upgrade') ||
    rejects('host-not-first', names[0]?.toLowerCase() !== 'host') ||
    rejects(
      'unknown-header',
      names.some((name) => /^x-/i.test(name)),
    ) ||
    rejects('header-name-in-other-case', !names.includes('Sec-WebSocket-Key')) ||
    rejects('absolute-target', !head.target.startsWith('/')) ||
    rejects('several-segments', connection.reads > 8) ||
    rejects(
      'quoted-parameter',
      offers.some((offer) => offer.parameters.some(({ quoted }) => quoted)),
    ) ||
    rejects(
      'small-window',
      offers.some((offer) =>
        offer.parameters.some(({ name, value }) => name === 'server_max_window_bits' && value === '8'),
      ),
    )
  )
}
