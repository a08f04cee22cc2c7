import net from 'node:net'
import tls from 'node:tls'
import { Agent, buildConnector } from 'undici'
import type { Dispatcher } from 'undici'
import { addressOf, isSecure } from '#common/url'
import type { SessionContext } from '#peers/session/context'
import type { Endpoint } from '#peers/session/endpoint'
import type { Route } from '#peers/kit'
import { reportRefusal } from '#peers/http/refusal'
import { requestHeaders, withholdsCredentials } from '#peers/http/request-head'
import type { HeaderList } from '#wire/http/head'
import type { ConnectionObserver } from '#peers/session/session'
import { secureOptions } from '#peers/net/trust'

/** TLS options for the target itself, also through a proxy: trust, SNI, and the host name for the certificate. */
function tlsOf(endpoint: Endpoint) {
  const { host } = addressOf(endpoint.url)
  return {
    ...secureOptions(endpoint.tls),
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    checkServerIdentity: (_: string, certificate: tls.PeerCertificate) =>
      tls.checkServerIdentity(host, certificate),
  }
}

/** A connection over this route, reported to the session's observer and owned by its scope. */
export function connectOver(context: SessionContext, endpoint: Endpoint, route: Route): net.Socket {
  const { host, port } = route
  const socket = isSecure(endpoint.url)
    ? tls.connect({ host, port, ALPNProtocols: ['http/1.1'], ...tlsOf(endpoint) })
    : net.connect({ host, port })
  watch(context, route, socket)
  return socket
}

/** A dispatcher whose connections go over this route and end with the session. Calls `opened` for each. */
export function dispatcherOver(
  context: SessionContext,
  endpoint: Endpoint,
  route: Route,
  opened?: (socket: net.Socket) => void,
): Dispatcher {
  const connector = buildConnector({ ...tlsOf(endpoint), timeout: context.limits.connect })
  const connect: buildConnector.connector = (options, callback) => {
    connector({ ...options, hostname: route.host, port: String(route.port) }, (...result) => {
      if (result[0] === null) {
        watch(context, route, result[1])
        opened?.(result[1])
      }
      callback(...result)
    })
  }
  const agent = new Agent({ connect, bodyTimeout: 0, headersTimeout: context.limits.head })
  context.scope.defer(() => agent.destroy())
  const { observer } = context.environment
  return agent.compose(
    (dispatch) => (request, handler) => dispatch(request, withRefusalReport(handler, observer)),
  )
}

/** Passes everything on, and reports answers that refuse: the clients only say that they did not open. */
function withRefusalReport(
  handler: Dispatcher.DispatchHandler,
  observer: ConnectionObserver,
): Dispatcher.DispatchHandler {
  const report = (status: number, headers: Parameters<typeof headerEntries>[0]): void =>
    reportRefusal(observer, {
      status,
      get: (name) => headerEntries(headers).find(([given]) => given.toLowerCase() === name)?.[1] ?? null,
    })
  return new Proxy(handler, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      return (...args: readonly unknown[]): unknown => {
        // undici has two kinds of handlers.
        if (key === 'onHeaders') report(Number(args[0]), (args[1] as readonly Buffer[]).map(String))
        if (key === 'onResponseStart') report(Number(args[1]), args[2] as Record<string, string>)
        return Reflect.apply(value, target, args)
      }
    },
  })
}

function watch(context: SessionContext, route: Route, socket: net.Socket): void {
  const begin = (): void => {
    const done = context.environment.observer.opened(route.kind)
    let how: 'fin' | 'rst' | null = null
    socket.once('end', () => (how ??= 'fin')).once('error', () => (how ??= 'rst'))
    socket.once('close', () => {
      done({
        by: how === null ? 'harness' : route.severs ? 'proxy' : 'target',
        how: how ?? 'fin',
        code: null,
      })
    })
  }
  if (socket.connecting) socket.once('connect', begin)
  else begin()
  context.scope.defer(() => void socket.destroy())
}

/**
 * Merges the contract's headers, and those of a check, into those that the client sends by itself; also in requests
 * that follow a redirect. One that goes to a plain-text address carries no credentials, and no body.
 */
export function withHeaders(
  dispatcher: Dispatcher,
  endpoint: Endpoint,
  headers: () => HeaderList,
): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => {
    const url = new URL(options.path, options.origin)
    const address = { url, encrypted: isSecure(url) }
    const isWithheld = withholdsCredentials(endpoint, address)
    const merged = requestHeaders(endpoint, address, headerEntries(options.headers), {
      headers: headers(),
      without: isWithheld ? ['Content-Length'] : [],
    })
    const body = isWithheld ? null : options.body
    return dispatch({ ...options, headers: merged.flat(), ...(body === undefined ? {} : { body }) }, handler)
  })
}

/** The headers of a request straight to the endpoint, for a client that takes them as an object. */
export function contractHeaders(endpoint: Endpoint): Record<string, string> {
  const { url } = endpoint
  return Object.fromEntries(requestHeaders(endpoint, { url, encrypted: isSecure(url) }, [], {}))
}

function headerEntries(headers: Dispatcher.DispatchOptions['headers']): [string, string][] {
  if (headers === null || headers === undefined) return []
  if (Array.isArray(headers)) {
    const flat = headers as readonly string[]
    return flat.flatMap((name, index) =>
      index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as [string, string]] : [],
    )
  }
  if (Symbol.iterator in headers) {
    return [...(headers as Iterable<[string, string | string[] | undefined]>)].map(([name, value]) => [
      name,
      String(value),
    ])
  }
  return Object.entries(headers).map(([name, value]) => [name, String(value)])
}
