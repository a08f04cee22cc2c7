import { isIPv6 } from 'node:net'

import { EngineError } from '#proxies/types'
import type { EngineOptions } from '#proxies/types'

/** Where the proxies of a Toxiproxy listen, where this machine reaches them, and where they reach this machine. */
export interface Placement {
  /** The API is on the loopback: a Toxiproxy on this machine, or one whose port is forwarded to this machine. */
  readonly isHere: boolean
  /** Which places an option sets; the others are assumed. */
  readonly explicit: { readonly listen: boolean; readonly advertise: boolean; readonly upstream: boolean }
  readonly listenHost: string
  /** Addresses that proxies may listen at; port 0: any port. */
  readonly listenAddresses: readonly string[]
  /** Host at which this machine reaches the proxies. */
  readonly host: string
  /** Host at which the Toxiproxy reaches what listens on the loopback of this machine. */
  readonly upstreamHost: string
  /** The address of an upstream, as the Toxiproxy dials it. */
  upstream(host: string, port: number): string
  /** Where our echo server must listen, so that the Toxiproxy can reach it. */
  readonly localServerHost: string
}

/** A range of more ports than this is a mistake: nobody publishes as many. */
const portLimit = 1000

/**
 * On this machine proxies listen on 127.0.0.1. In a container or on another host they listen on every interface and are
 * reached at the host of the API. Options override both.
 * @param options as `checkPlacement` accepts them.
 */
export function placementOf(api: string, options: EngineOptions): Placement {
  const apiHost = withoutBrackets(new URL(api).hostname)
  const isHere = isLoopback(apiHost)
  const { proxyListen, proxyAdvertise, proxyUpstream } = options
  const range = proxyListen === undefined ? null : listenRange(proxyListen)
  const host = withoutBrackets(proxyAdvertise ?? (isHere ? '127.0.0.1' : apiHost))
  const listenHost = range?.host ?? (isLoopback(host) ? '127.0.0.1' : '0.0.0.0')
  const upstreamHost = withoutBrackets(proxyUpstream ?? '127.0.0.1')
  return {
    isHere,
    explicit: {
      listen: range !== null,
      advertise: proxyAdvertise !== undefined,
      upstream: proxyUpstream !== undefined,
    },
    listenHost,
    listenAddresses: (range?.ports ?? [0]).map((port) => hostAndPort(listenHost, port)),
    host,
    upstreamHost,
    upstream: (target, port) =>
      hostAndPort(proxyUpstream !== undefined && isLoopback(target) ? upstreamHost : target, port),
    localServerHost: proxyUpstream === undefined ? '127.0.0.1' : '0.0.0.0',
  }
}

/** @throws EngineError if an option is not a valid place. */
export function checkPlacement({ proxyListen, proxyAdvertise, proxyUpstream }: EngineOptions): void {
  if (proxyListen !== undefined && listenRange(proxyListen) === null) {
    throw new EngineError(`--proxy-listen ${listenForm}`)
  }
  for (const [option, host] of [
    ['--proxy-advertise', proxyAdvertise],
    ['--proxy-upstream', proxyUpstream],
  ] as const) {
    if (host !== undefined && !isHost(host)) throw new EngineError(`${option} ${hostForm}`)
  }
}

/** True for a host that means the machine itself on every machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(withoutBrackets(host))
}

/** Ends of messages that begin with the name of the option. */
export const listenForm = 'takes HOST, HOST:PORT or HOST:FIRST-LAST, such as 0.0.0.0:9000-9099'
export const hostForm = 'takes a name or an address, without a port'

export function isHost(text: string): boolean {
  return isIPv6(withoutBrackets(text)) || /^[\w.-]+$/.test(text)
}

/** Parses HOST, HOST:PORT or HOST:FIRST-LAST; null if it is none of these. `ports` is null if any port will do. */
export function listenRange(
  text: string,
): { readonly host: string; readonly ports: readonly number[] | null } | null {
  const match = /^(\[[^\]]+\]|[^:\s]+)(?::(\d+)(?:-(\d+))?)?$/.exec(text)
  const host = withoutBrackets(match?.[1] ?? '')
  if (match === null || !isHost(host)) return null
  if (match[2] === undefined) return { host, ports: null }
  const from = Number(match[2])
  const to = Number(match[3] ?? from)
  if (from === 0 || to < from || to > 65_535 || to - from >= portLimit) return null
  return { host, ports: Array.from({ length: to - from + 1 }, (_, index) => from + index) }
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

/** IPv6 in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${withoutBrackets(host)}]:${port}` : `${host}:${port}`
}
