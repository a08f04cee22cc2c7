import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { ServerRules } from './rules.ts'
import type { Certificates } from './tls.ts'

/** One port, on one address or two. */
export interface Listener {
  readonly port: number
  close(): Promise<void>
}

export interface ListenerOptions {
  /** The first address must exist; the others are skipped if this machine does not have them. */
  readonly addresses: readonly string[]
  /** 0 for any free port. */
  readonly port: number
  readonly tls: SecureOptions | null
  /** Called with each socket, plain or TLS, after the TLS handshake. The listener destroys it on close. */
  readonly serve: (socket: Socket) => void
}

interface SecureOptions {
  readonly certificates: Certificates
  readonly rules: Pick<ServerRules, 'oldestTls' | 'plainTextOnTlsPort'>
}

/** The first byte of a TLS record that carries a handshake (RFC 8446 5.1). */
const handshakeRecord = 0x16

/** How many ports are tried until one is free on every address. */
const maxAttempts = 20

/** Listens on the same port of each address. Rejects if the first address or a given port is not available. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const sockets = new Set<Socket>()
  const accept = acceptor(options, sockets)
  for (let attempt = 1; ; attempt += 1) {
    const servers: Server[] = []
    const close = async (): Promise<void> => {
      for (const socket of sockets) socket.destroy()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    }
    try {
      for (const address of options.addresses) {
        const first = servers[0]
        const server = await bind(address, first === undefined ? options.port : portOf(first), accept)
        if (server !== null) servers.push(server)
        else if (first === undefined) throw new Error(`this machine does not have the address ${address}`)
      }
      const [server] = servers
      if (server === undefined) throw new Error('there is no address to listen on')
      return { port: portOf(server), close }
    } catch (error) {
      await close()
      const canRetry = options.port === 0 && attempt < maxAttempts && codeOf(error) === 'EADDRINUSE'
      if (!canRetry) throw error
    }
  }
}

function acceptor({ tls, serve }: ListenerOptions, sockets: Set<Socket>): (socket: Socket) => void {
  const plain = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    serve(socket)
  }
  if (tls === null) return plain
  const { certificates, rules } = tls
  const allowsOldTls = rules.oldestTls === 'TLSv1.1'
  // It never listens. It is given sockets, so that plain text can be distinguished from TLS first.
  const secure = createTlsServer({
    cert: certificates.certificate,
    key: certificates.key,
    minVersion: rules.oldestTls,
    // OpenSSL does not sign with SHA-1, which TLS 1.1 needs, above security level 0.
    ...(allowsOldTls ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
    handshakeTimeout: 10_000,
  })
  secure.on('secureConnection', plain)
  secure.on('tlsClientError', (_error, socket) => socket.destroy())
  const startTls = (socket: Socket): void => void secure.emit('connection', socket)
  return (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    if (rules.plainTextOnTlsPort === 'refuse') {
      startTls(socket)
      return
    }
    socket.once('data', (first: Buffer) => {
      socket.pause()
      socket.unshift(first)
      if (first[0] === handshakeRecord) startTls(socket)
      else plain(socket)
    })
  }
}

/** Null if this machine does not have the address. */
async function bind(address: string, port: number, accept: (socket: Socket) => void): Promise<Server | null> {
  const server = createServer({ noDelay: true }, accept)
  try {
    server.listen({ host: address, port, ipv6Only: address.includes(':') })
    await once(server, 'listening')
    return server
  } catch (error) {
    if (['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(codeOf(error))) return null
    throw error
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}
