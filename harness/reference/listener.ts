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
  /** Addresses: the first must work, the others may be missing on this machine. */
  readonly addresses: readonly string[]
  /** 0: any free port. */
  readonly port: number
  readonly tls: SecureOptions | null
  /** Takes a socket over, plain or TLS, once whatever TLS needs is done. It is destroyed on close. */
  readonly serve: (socket: Socket) => void
}

export interface SecureOptions {
  readonly certificates: Certificates
  readonly rules: Pick<ServerRules, 'oldestTls' | 'plainTextOnTlsPort'>
}

/** The first octet of a TLS record that begins a handshake (RFC 8446 5.1). */
const handshakeRecord = 0x16

/** How often another port is tried where the same one is not free on the second address. */
const attempts = 20

/** Listens on the same port of each address. */
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
        const server = await bound(address, first === undefined ? options.port : portOf(first), accept)
        if (server !== null) servers.push(server)
        else if (first === undefined) throw new Error(`this machine does not have the address ${address}`)
      }
      const [server] = servers
      if (server === undefined) throw new Error('there is no address to listen on')
      return { port: portOf(server), close }
    } catch (error) {
      await close()
      const again = options.port === 0 && attempt < attempts && codeOf(error) === 'EADDRINUSE'
      if (!again) throw error
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
  const old = rules.oldestTls === 'TLSv1.1'
  // It never listens: it is handed sockets, so that plain text can be told from TLS before.
  const secure = createTlsServer({
    cert: certificates.certificate,
    key: certificates.key,
    minVersion: rules.oldestTls,
    // OpenSSL does not sign with SHA-1, which TLS 1.1 needs, above security level 0.
    ...(old ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
    handshakeTimeout: 10_000,
  })
  secure.on('secureConnection', plain)
  secure.on('tlsClientError', (_error, socket) => socket.destroy())
  const handOver = (socket: Socket): void => void secure.emit('connection', socket)
  return (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    if (rules.plainTextOnTlsPort === 'refuse') {
      handOver(socket)
      return
    }
    socket.once('data', (first: Buffer) => {
      socket.pause()
      socket.unshift(first)
      if (first[0] === handshakeRecord) handOver(socket)
      else plain(socket)
    })
  }
}

/** Null where this machine does not have the address. */
async function bound(
  address: string,
  port: number,
  accept: (socket: Socket) => void,
): Promise<Server | null> {
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
