import type { RequestHead } from '#reference/http/head'
import type { HttpConnection } from '#reference/http/server'
import { agreeOn, parseExtensions } from './extensions.ts'
import type { Offer } from './extensions.ts'
import type { DeflateAgreement, HandshakeBreach, HandshakeScruple, WebSocketRules } from './rules.ts'
import type { WebSocketService } from './service.ts'

type Headers = readonly (readonly [name: string, value: string])[]

export type Handshake =
  | { readonly kind: 'accepted'; readonly headers: Headers; readonly deflate: DeflateAgreement | null }
  | { readonly kind: 'refused'; readonly status: number; readonly headers: Headers; readonly why: string }

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** RFC 6455 4.3: base64 of 16 octets, which leaves 4 bits of the last sextet at zero. */
const keyForm = /^[A-Za-z0-9+/]{21}[AQgw]==$/
const versionHeader = ['Sec-WebSocket-Version', '13'] as const
const wantUpgrade: Headers = [['Upgrade', 'websocket'], versionHeader]

/** Judges an opening handshake by RFC 6455 4.2.1 and 4.2.2, in the order of the text. */
export function judgeHandshake(
  connection: HttpConnection,
  head: RequestHead,
  service: WebSocketService,
): Handshake {
  const { rules } = service
  const breach = breachOf(head, rules)
  if (breach !== null) return refusalOf(breach)
  const scruple = scrupleOf(connection, head, rules)
  if (scruple) return refused(400, 'this is not wanted here')
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

function breachOf(head: RequestHead, rules: WebSocketRules): HandshakeBreach | null {
  const found: HandshakeBreach[] = []
  if (head.method !== 'GET') found.push('method')
  if (head.version === '1.0') found.push('http-1.0')
  const upgrade = head.list('upgrade').map((one) => one.toLowerCase())
  if (upgrade.length === 0) found.push('upgrade-missing')
  else if (!upgrade.includes('websocket')) found.push('upgrade-other')
  const connection = head.list('connection').map((one) => one.toLowerCase())
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
    .map((line) => line.split(',').map((one) => one.trim()))
  const names = subprotocols.flat().filter((one) => one !== '')
  if (
    subprotocols.some((line) => line.every((one) => one === '')) ||
    names.some((one) => !token.test(one)) ||
    new Set(names).size < names.length
  ) {
    found.push('subprotocol-malformed')
  }
  const extensions = head.all('sec-websocket-extensions')
  if (extensions.length > 0 && parseExtensions(extensions.join(', ')) === null)
    found.push('extensions-malformed')
  if ((head.get('content-length') ?? '0') !== '0' || head.get('transfer-encoding') !== null)
    found.push('body')
  return found.find((breach) => !rules.toleratesInHandshake.includes(breach)) ?? null
}

function refusalOf(breach: HandshakeBreach): Handshake {
  switch (breach) {
    case 'method':
      return refused(405, 'a WebSocket opens with GET', [['Allow', 'GET']])
    case 'upgrade-missing':
    case 'upgrade-other':
    case 'connection-missing':
    case 'connection-other':
      return refused(426, 'only WebSockets are served here', wantUpgrade)
    case 'version-other':
    case 'version-missing':
    case 'version-empty':
    case 'version-form':
    case 'version-twice':
      return refused(426, 'version 13 is spoken here', wantUpgrade)
    default:
      return refused(400, `the handshake is wrong: ${breach}`)
  }
}

function refused(status: number, why: string, headers: Headers = []): Handshake {
  return { kind: 'refused', status, headers, why }
}

/** Whether a mutant takes offence at what is right. */
function scrupleOf(connection: HttpConnection, head: RequestHead, rules: WebSocketRules): boolean {
  const { refusesInHandshake } = rules
  const takesOffence = (scruple: HandshakeScruple, holds: boolean): boolean =>
    refusesInHandshake.includes(scruple) && holds
  const names = head.headers.map(([name]) => name)
  const offers: readonly Offer[] = parseExtensions(head.all('sec-websocket-extensions').join(', ')) ?? []
  return (
    takesOffence('upgrade-in-other-case', head.get('upgrade') !== 'websocket') ||
    takesOffence('connection-list', head.get('connection') !== 'Upgrade') ||
    takesOffence('host-not-first', names[0]?.toLowerCase() !== 'host') ||
    takesOffence(
      'unknown-header',
      names.some((name) => /^x-/i.test(name)),
    ) ||
    takesOffence('header-name-in-other-case', !names.includes('Sec-WebSocket-Key')) ||
    takesOffence('absolute-target', !head.target.startsWith('/')) ||
    takesOffence('several-segments', connection.reads > 8) ||
    takesOffence(
      'quoted-parameter',
      offers.some((offer) => offer.parameters.some((one) => one.quoted)),
    ) ||
    takesOffence(
      'small-window',
      offers.some((offer) =>
        offer.parameters.some(({ name, value }) => name === 'server_max_window_bits' && value === '8'),
      ),
    )
  )
}
