import net from 'node:net'
import tls from 'node:tls'
import type { Duplex } from 'node:stream'
import { addressOf } from '#peers/session/context'
import type { ConnectionOptions } from './connection.ts'
import { secureContextOf } from './trust.ts'

/** Begins a TLS handshake over what carries the bytes. Whether the certificate is good is for the caller to ask. */
export function startTls(carrier: Duplex, options: ConnectionOptions): tls.TLSSocket {
  const { host } = addressOf(options.url)
  return tls.connect({
    socket: carrier,
    host,
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: false,
    secureContext: secureContextOf(options.tls, options.maxTls),
  })
}

/** Null once TLS stands, else a code that says why not. */
export function handshakeOf(secure: tls.TLSSocket, withinMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle('TIMEOUT'), withinMs)
    const settle = (failure: string | null): void => {
      clearTimeout(timer)
      resolve(failure)
    }
    secure.once('secureConnect', () => settle(null))
    secure.once('error', (error) => settle(codeOf(error)))
    secure.once('close', () => settle('ECONNRESET'))
  })
}

/** The code of an error, or what Node says in place of an error. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : error
  return typeof code === 'string' ? code : 'TLS_FAILED'
}
