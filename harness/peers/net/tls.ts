import net from 'node:net'
import tls from 'node:tls'
import type { Duplex } from 'node:stream'
import { addressOf } from '#common/url'
import type { ConnectionOptions } from './connection.ts'
import { secureContextOf } from './trust.ts'

/** Begins a TLS handshake over a Duplex. Accepts any certificate: the caller checks `authorized`. */
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

/** Waits for the end of the handshake: null if it succeeded, otherwise an error code. */
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

/** The code of an error; Node sometimes gives the code itself as a string. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : error
  return typeof code === 'string' ? code : 'TLS_FAILED'
}
