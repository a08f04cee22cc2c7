import { lookup } from 'node:dns/promises'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { addressOf, isSecure } from '#common/url'
import type { Endpoint } from '#peers/session/endpoint'
import { systemReason } from '#cli/output/files'

/** The result of one diagnostic of `doctor`. */
export interface DiagnosticResult {
  /** `missing` limits what can be tested; `failed` prevents testing. */
  readonly state: 'ok' | 'missing' | 'failed'
  readonly message: string
}

/** A TCP or TLS connection may take this long, in ms. */
const limitMs = 5000

/** Whether this machine has an IPv6 loopback address. */
export function checkIpv6(): Promise<DiagnosticResult> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () =>
      resolve({
        state: 'missing',
        message: 'IPv6: this machine has no loopback address ::1; checks that use IPv6 are not applicable',
      }),
    )
    server.listen(0, '::1', () => {
      server.close(() => resolve({ state: 'ok', message: 'IPv6: the loopback address ::1 works' }))
    })
  })
}

/** Resolves the host of a target, then opens TCP and, for a secure URL, TLS. Stops at the first failure. */
export async function checkAddress(endpoint: Endpoint): Promise<readonly DiagnosticResult[]> {
  const { url, tls } = endpoint
  const { host, port } = addressOf(url)
  let addresses: string[]
  try {
    addresses = (await lookup(host, { all: true })).map(({ address }) => address)
  } catch (error) {
    return [
      {
        state: 'failed',
        message: `DNS: cannot resolve ${host} (${systemReason(error)}); check the host name`,
      },
    ]
  }
  const results: DiagnosticResult[] = [
    { state: 'ok', message: `DNS: ${host} resolves to ${addresses.join(', ')}` },
  ]
  const tcpProblem = await problemOf(connect({ host, port }), 'connect')
  results.push(
    tcpProblem === null
      ? { state: 'ok', message: `TCP: port ${port} accepts connections` }
      : {
          state: 'failed',
          message: `TCP: cannot connect to port ${port} (${tcpProblem}); start the server, or check the host and the port`,
        },
  )
  if (tcpProblem !== null || !isSecure(url)) return results
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
  const tlsProblem = await problemOf(socket, 'secureConnect')
  results.push(
    tlsProblem === null
      ? { state: 'ok', message: `TLS: ${facts}` }
      : {
          state: 'failed',
          message: `TLS: ${tlsProblem}; add its certificate authority with --ca FILE, or skip verification with --insecure`,
        },
  )
  return results
}

function factsOf(socket: TLSSocket): string {
  const { valid_to: until } = socket.getPeerCertificate()
  const trust = socket.authorized
    ? 'the certificate is trusted'
    : 'the certificate is not trusted, and --insecure is given'
  return `${socket.getProtocol() ?? 'unknown version'}, ${trust}, valid until ${until}`
}

/** Resolves with null once the event occurs, else with the problem. Destroys the socket in both cases. */
function problemOf(socket: Socket, event: 'connect' | 'secureConnect'): Promise<string | null> {
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
