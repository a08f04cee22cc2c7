import { isSecure } from '#common/url'
import type { Endpoint } from '#peers/session/endpoint'
import { withholdsCredentials } from './request-head.ts'

/** The endpoint as its stream is requested: with the headers of the contract's stream request. */
export function streamEndpoint(endpoint: Endpoint): Endpoint {
  const { headers } = endpoint.request
  const names = new Set(headers.map(([name]) => name.toLowerCase()))
  const others = endpoint.headers.filter(([name]) => !names.has(name.toLowerCase()))
  return { ...endpoint, headers: [...others, ...headers] }
}

/** The body of the contract's stream request; null if it has none, or if it is withheld: it may hold credentials. */
export function streamBody(endpoint: Endpoint, url: URL): string | null {
  return withholdsCredentials(endpoint, { url, encrypted: isSecure(url) }) ? null : endpoint.request.body
}
