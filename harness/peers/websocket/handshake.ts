import { randomBytes } from 'node:crypto'
import { formatRequest } from '#wire/http/head'
import type { HeaderList } from '#wire/http/head'
import type { SessionContext } from '#peers/session/context'
import type { Endpoint } from '#peers/session/endpoint'
import type { HandshakeChanges } from '#peers/kit'
import { requestHeaders, requestTarget, withholdsCredentials } from '#peers/http/request-head'
import type { RequestAddress } from '#peers/http/request-head'
import type { ByteStream } from '#peers/net/byte-stream'
import type { TlsFacts } from '#peers/net/connection'
import { openConnection } from '#peers/net/open-connection'
import { Answer } from './answer.ts'
import type { HandshakeTraits } from './answer.ts'

/** Opens a connection and sends an opening handshake with these changes; waits for the head of the answer, or the end. */
export async function sendHandshake(
  context: SessionContext,
  changes: HandshakeChanges = {},
  traits: HandshakeTraits = {
    hidesPayloads: false,
    isValid: Object.keys(changes).every((name) => name === 'via' || name === 'url'),
  },
): Promise<Answer> {
  const endpoint = context.endpoint
  const connection = await openConnection(context, {
    url: changes.url ?? endpoint.url,
    via: changes.via,
    tls: endpoint.tls,
    maxTls: changes.maxTls,
    plainText: changes.plainText,
  })
  return handshakeOver(context, connection, connection.tls, changes, traits)
}

/**
 * Sends the handshake over a stream.
 *
 * @param tls of the connection that carries it. If it failed, nothing is sent.
 */
export async function handshakeOver(
  context: SessionContext,
  stream: ByteStream,
  tls: TlsFacts | null,
  changes: HandshakeChanges,
  traits: HandshakeTraits,
): Promise<Answer> {
  const endpoint = context.endpoint
  const key = randomBytes(16).toString('base64')
  const answer = new Answer(context, stream, { ...traits, key, tlsError: tls?.error ?? null })
  if (answer.tlsError !== null) return answer
  const address = { url: changes.url ?? endpoint.url, encrypted: tls !== null }
  const head = requestHead(endpoint, address, key, changes)
  const line = `${changes.method ?? 'GET'} request to open a WebSocket`
  context.transcript.add('harness', 'head', line, head)
  const { followedBy } = changes
  if (followedBy !== undefined)
    context.transcript.add('harness', 'bytes', `${followedBy.length} bytes after the head`, followedBy)
  stream.write(Uint8Array.from(Buffer.concat([head, followedBy ?? new Uint8Array(0)])), changes.segments)
  await answer.complete(changes.via?.patience ?? 1)
  return answer
}

function requestHead(
  endpoint: Endpoint,
  address: RequestAddress,
  key: string,
  changes: HandshakeChanges,
): Uint8Array {
  const { url, encrypted } = address
  const path = requestTarget(endpoint, address)
  const absolute = `${encrypted ? 'https' : 'http'}://${url.host}${path}`
  const target = changes.target === 'absolute' ? absolute : (changes.target ?? path)
  const { with: headers, without } = changes
  const merged = requestHeaders(endpoint, address, handshakeHeaders(endpoint, address, key), {
    headers,
    without,
  })
  const changed = [...merged, ...(changes.extra ?? [])]
  return formatRequest(
    changes.method ?? 'GET',
    target,
    changes.version ?? 'HTTP/1.1',
    changes.rewrite?.(changed) ?? changed,
    changes.rawLine ?? null,
  )
}

/** A valid opening handshake (RFC 6455 4.1). A server with a list of allowed origins requires an Origin. */
function handshakeHeaders(endpoint: Endpoint, address: RequestAddress, key: string): HeaderList {
  const { subprotocols, allowedOrigin } = endpoint
  // A subprotocol may carry a token.
  const offered = withholdsCredentials(endpoint, address) ? [] : subprotocols
  return [
    ['Host', address.url.host],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
    ...(offered.length === 0 ? [] : ([['Sec-WebSocket-Protocol', offered.join(', ')]] as const)),
    ...(allowedOrigin === null ? [] : ([['Origin', allowedOrigin]] as const)),
  ]
}
