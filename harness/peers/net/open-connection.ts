import net from 'node:net'
import { Inconclusive } from '#model/errors'
import { isSecure } from '#common/url'
import type { SessionContext } from '#peers/session/context'
import type { Route } from '#peers/kit'
import { Severed } from '#peers/faults/severed'
import type { Connection, ConnectionOptions } from './connection.ts'
import { TcpConnection } from './tcp-connection.ts'
import { acquireConnection } from '#peers/session/acquire-connection'

/**
 * Opens a connection and, for a secure URL, TLS on it. A failed TLS handshake or certificate is not thrown: `tls.error`
 * has its code, and the connection is closed before anything is sent.
 *
 * @throws Inconclusive `target-refused` (no TCP connection), `environment`, or `engine-failed` on a proxy;
 * `out-of-time` if the check ended before the rate limit allowed its connection.
 * @throws Severed on a route whose faults end connections.
 */
export async function openConnection(
  context: SessionContext,
  options: ConnectionOptions,
): Promise<Connection> {
  const route = options.via ?? context.direct(options.url)
  await acquireConnection(context)
  const raw = net.connect({ host: route.host, port: route.port, noDelay: true })
  const connection = new TcpConnection(raw, route, options, context)
  context.scope.defer(() => connection.close())
  const isEstablished = await tcpOpened(raw, route, context)
  context.connectionsOn(route).push(connection)
  context.transcript.add('harness', 'open', opening(route, options))
  connection.connected(context.environment.observer.opened(route.kind))
  if (!isEstablished) return connection
  if (isSecure(options.url) && options.plainText !== true) {
    // A fault that ends connections needs less patience than a slow target.
    await connection.secure(route.severs ? context.limits.reply / 2 : context.limits.connect)
  }
  if (connection.tls !== null && connection.tls.error !== null) {
    context.transcript.add('harness', 'note', `TLS failed: ${connection.tls.error}`)
    if (route.severs) throw new Severed('the proxy ended the TLS handshake')
  }
  return connection
}

function opening(route: Route, options: ConnectionOptions): string {
  const way = route.kind === 'direct' ? 'direct' : 'through the proxy'
  return `${options.plainText === true || !isSecure(options.url) ? 'TCP' : 'TLS'} connection, ${way}`
}

/** Waits for the TCP connection; false if it was reset before Node reported it as connected. */
function tcpOpened(raw: net.Socket, route: Route, context: SessionContext): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail('ETIMEDOUT'), context.limits.connect)
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      raw.off('connect', connected).off('error', failed)
      act()
    }
    const fail = (code: string, cause?: unknown): void => {
      raw.destroy()
      settle(() => reject(unopened(code, cause, route, context)))
    }
    const connected = (): void => settle(() => resolve(true))
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'ECONNRESET') settle(() => resolve(false))
      else fail(error.code ?? 'ECONNREFUSED', error)
    }
    raw.once('connect', connected).once('error', failed)
    // A scope that closes meanwhile destroys the socket.
    raw.once('close', () => fail('ECONNABORTED'))
  })
}

const refusals = { ECONNREFUSED: 'econnrefused', ETIMEDOUT: 'timeout' } as const

function unopened(code: string, cause: unknown, route: Route, context: SessionContext): Error {
  if (route.severs) return new Severed(`the proxy accepted no connection: ${code}`, { cause })
  if (route.kind === 'proxy')
    return new Inconclusive('engine-failed', `the proxy accepted no connection: ${code}`, { cause })
  if (code in refusals) {
    context.environment.observer.refused(refusals[code as keyof typeof refusals])
    const how = code === 'ETIMEDOUT' ? 'did not answer' : 'refused'
    return new Inconclusive('target-refused', `the target ${how} a TCP connection`, { cause })
  }
  return new Inconclusive('environment', `no TCP connection could be made: ${code}`, { cause })
}
