import { isIPv6 } from 'node:net'

import { EngineError } from '#proxies/types'
import type { EngineOptions } from '#proxies/types'

/** Where the proxies of a Toxiproxy listen, how we reach them, and how they reach us. */
export interface Placement {
  /** The API is on our loopback: a Toxiproxy on this machine, or one whose port is forwarded to it. */
  readonly isHere: boolean
  /** What was told, and not guessed. */
  readonly told: { readonly listen: boolean; readonly advertise: boolean; readonly upstream: boolean }
  readonly listenHost: string
  /** Addresses that may be given as `listen`; port 0: any. */
  readonly listens: readonly string[]
  /** Host that we connect to. */
  readonly host: string
  /** Host at which the Toxiproxy is to find what listens on our loopback. */
  readonly upstreamHost: string
  /** The upstream as the Toxiproxy reaches it. */
  upstream(host: string, port: number): string
  /** Where a server of our own must listen, so that the Toxiproxy can reach it. */
  readonly ownHost: string
}

/** More ports than this are no list of ports that somebody has published. */
const portLimit = 1000

/**
 * On this machine proxies listen on 127.0.0.1. Elsewhere, in a container or on another host, they listen on every
 * interface and are reached at the host of the API, unless the options tell otherwise. They are valid.
 */
export function placement(api: string, options: EngineOptions): Placement {
  const apiHost = bare(new URL(api).hostname)
  const isHere = isLoopback(apiHost)
  const { proxyListen, proxyAdvertise, proxyUpstream } = options
  const given = proxyListen === undefined ? null : listenRange(proxyListen)
  const host = bare(proxyAdvertise ?? (isHere ? '127.0.0.1' : apiHost))
  const listenHost = given?.host ?? (isLoopback(host) ? '127.0.0.1' : '0.0.0.0')
  const upstreamHost = bare(proxyUpstream ?? '127.0.0.1')
  return {
    isHere,
    told: {
      listen: given !== null,
      advertise: proxyAdvertise !== undefined,
      upstream: proxyUpstream !== undefined,
    },
    listenHost,
    listens: (given?.ports ?? [0]).map((port) => hostAndPort(listenHost, port)),
    host,
    upstreamHost,
    upstream: (target, port) =>
      hostAndPort(proxyUpstream !== undefined && isLoopback(target) ? upstreamHost : target, port),
    ownHost: proxyUpstream === undefined ? '127.0.0.1' : '0.0.0.0',
  }
}

/** Throws `EngineError` for options that say no place. */
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

/** True for a host that means this machine to whoever asks. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(bare(host))
}

/** Ends of sentences that begin with the name of the option. */
export const listenForm = 'takes HOST, HOST:PORT or HOST:FIRST-LAST, such as 0.0.0.0:9000-9099'
export const hostForm = 'takes a name or an address, without a port'

export function isHost(text: string): boolean {
  return isIPv6(bare(text)) || /^[\w.-]+$/.test(text)
}

/** Null for what is no host, or host and ports; `ports` is null where any will do. */
export function listenRange(
  text: string,
): { readonly host: string; readonly ports: readonly number[] | null } | null {
  const form = /^(\[[^\]]+\]|[^:\s]+)(?::(\d+)(?:-(\d+))?)?$/.exec(text)
  const host = bare(form?.[1] ?? '')
  if (form === null || !isHost(host)) return null
  if (form[2] === undefined) return { host, ports: null }
  const from = Number(form[2])
  const to = Number(form[3] ?? from)
  if (from === 0 || to < from || to > 65_535 || to - from >= portLimit) return null
  return { host, ports: Array.from({ length: to - from + 1 }, (_, index) => from + index) }
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

/** IPv6 in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${bare(host)}]:${port}` : `${host}:${port}`
}
