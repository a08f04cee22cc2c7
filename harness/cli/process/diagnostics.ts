import { lookup } from 'node:dns/promises'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { Endpoint } from '#peers/session/endpoint'
import { systemReason } from '#cli/output/files'

/** One thing that was looked at. */
export interface Sight {
  /** `missing` is worth knowing and stops nothing; `bad` does. */
  readonly state: 'fine' | 'missing' | 'bad'
  readonly what: string
}

const limitMs = 5000

/** Whether this machine has an IPv6 loopback address. */
export function lookAtIpv6(): Promise<Sight> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () =>
      resolve({ state: 'missing', what: 'IPv6: this machine has no ::1; checks over IPv6 do not apply' }),
    )
    server.listen(0, '::1', () => {
      server.close(() => resolve({ state: 'fine', what: 'IPv6: ::1 can be used' }))
    })
  })
}

/** Name, TCP and TLS of a target, in this order; ends at the first that is bad. */
export async function lookAtAddress(endpoint: Endpoint): Promise<readonly Sight[]> {
  const { url, tls } = endpoint
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const secure = url.protocol === 'wss:' || url.protocol === 'https:'
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  let addresses: string[]
  try {
    addresses = (await lookup(host, { all: true })).map(({ address }) => address)
  } catch (error) {
    return [{ state: 'bad', what: `name: ${host} is not known (${systemReason(error)})` }]
  }
  const found: Sight[] = [{ state: 'fine', what: `name: ${host} is ${addresses.join(', ')}` }]
  const plain = await settled(connect({ host, port }), 'connect')
  found.push({
    state: plain === null ? 'fine' : 'bad',
    what: `TCP: port ${port} ${plain === null ? 'accepts' : `does not accept (${plain})`}`,
  })
  if (plain !== null || !secure) return found
  const options = {
    host,
    port,
    rejectUnauthorized: !tls.insecure,
    ...(tls.ca === null ? {} : { ca: tls.ca }),
  }
  const socket = connectTls({ ...options, ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }) })
  let facts = ''
  socket.once('secureConnect', () => {
    facts = factsOf(socket)
  })
  const secured = await settled(socket, 'secureConnect')
  found.push(
    secured === null
      ? { state: 'fine', what: `TLS: ${facts}` }
      : { state: 'bad', what: `TLS: ${secured}; --ca FILE names an authority, --insecure does without` },
  )
  return found
}

function factsOf(socket: TLSSocket): string {
  const { valid_to: until } = socket.getPeerCertificate()
  const trust = socket.authorized
    ? 'the certificate is trusted'
    : 'the certificate is not trusted, and --insecure is given'
  return `${socket.getProtocol() ?? 'unknown version'}, ${trust}, valid until ${until}`
}

/** Null once the event came; else what went wrong. The socket is gone either way. */
function settled(socket: Socket, event: 'connect' | 'secureConnect'): Promise<string | null> {
  return new Promise((resolve) => {
    const done = (problem: string | null): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(problem)
    }
    const timer = setTimeout(() => done(`no answer within ${limitMs} ms`), limitMs)
    socket.once(event, () => done(null))
    socket.once('error', (error) => done('code' in error ? String(error.code) : error.message))
  })
}
