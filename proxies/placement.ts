import { EngineError } from './types.ts'
import type { EngineOptions } from './types.ts'

/** Where the proxies of a Toxiproxy listen, how we reach them, and how they reach us. */
export interface Placement {
  /** Addresses to try in turn as `listen`; port 0: any. */
  readonly listens: readonly string[]
  /** Host that we connect to. */
  readonly host: string
  /** The upstream as the Toxiproxy reaches it. */
  upstream(host: string, port: number): string
  /** Where a server of our own must listen, so that the Toxiproxy can reach it. */
  readonly ownHost: string
}

const loopback = /^(localhost|127\..*|::1)$/i
/** More ports than this are no list of ports that somebody has published. */
const portLimit = 1000

/**
 * On this machine proxies listen on 127.0.0.1. Elsewhere, in a container or on another host, they listen on every
 * interface and are reached at the host of the API, unless the options tell otherwise. Throws `EngineError`.
 */
export function placement(api: string, options: EngineOptions): Placement {
  const apiHost = bare(new URL(api).hostname)
  const isHere = loopback.test(apiHost)
  const given = listenOption(options.proxyListen)
  const listenHost = given?.host ?? (isHere ? '127.0.0.1' : '0.0.0.0')
  const away = options.proxyUpstream
  return {
    listens: (given?.ports ?? [0]).map((port) => joined(listenHost, port)),
    host: bare(options.proxyAdvertise ?? (isHere ? '127.0.0.1' : apiHost)),
    upstream: (host, port) =>
      joined(away !== undefined && loopback.test(bare(host)) ? bare(away) : host, port),
    ownHost: away === undefined ? '127.0.0.1' : '0.0.0.0',
  }
}

/** Throws `EngineError` for what is no host, or host and ports. */
export function listenOption(
  text: string | undefined,
): { readonly host: string; readonly ports: readonly number[] | null } | null {
  if (text === undefined) return null
  const form = /^(\[[^\]]+\]|[^:\s]+)(?::(\d+)(?:-(\d+))?)?$/.exec(text)
  const from = Number(form?.[2] ?? 0)
  const to = Number(form?.[3] ?? from)
  if (
    form === null ||
    to < from ||
    to > 65_535 ||
    to - from >= portLimit ||
    (from === 0 && form[2] !== undefined)
  ) {
    throw new EngineError(
      '--proxy-listen takes HOST, HOST:PORT or HOST:FIRST-LAST, such as 0.0.0.0:9000-9099',
    )
  }
  const host = bare(form[1] ?? '')
  return {
    host,
    ports: from === 0 ? null : Array.from({ length: to - from + 1 }, (_, index) => from + index),
  }
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

function joined(host: string, port: number): string {
  return host.includes(':') ? `[${bare(host)}]:${port}` : `${host}:${port}`
}
