import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP, isIPv6 } from 'node:net'

import { ApiError } from './errors.ts'

/** `host:port` as Go splits it; IPv6 in brackets. */
export interface Address {
  readonly host: string
  readonly port: number
}

const services: Readonly<Record<string, number>> = { http: 80, https: 443, '': 0 }

/** Splits an address, or returns what is wrong with it in Go's words. */
function split(text: string): Address | string {
  const invalid = (problem: string): string => `address ${text}: ${problem} in address`
  const colon = text.lastIndexOf(':')
  if (colon < 0) return invalid('missing port')
  const isBracketed = text.startsWith('[')
  const end = isBracketed ? text.indexOf(']') : -1
  if (isBracketed && end < 0) return invalid("missing ']'")
  if (isBracketed && end + 1 !== colon)
    return invalid(text[end + 1] === ':' ? 'too many colons' : 'missing port')
  const host = text.slice(isBracketed ? 1 : 0, isBracketed ? end : colon)
  if (!isBracketed && host.includes(':')) return invalid('too many colons')
  // Brackets in any other place.
  if (text.includes('[', isBracketed ? 1 : 0)) return invalid("unexpected '['")
  if (text.includes(']', end + 1)) return invalid("unexpected ']'")
  return withPort(host, text.slice(colon + 1))
}

function withPort(host: string, port: string): Address | string {
  const named = services[port.toLowerCase()]
  if (named !== undefined) return { host, port: named }
  if (!/^[+-]?[0-9]+$/.test(port)) return `lookup tcp/${port}: unknown port`
  const number = Number(port)
  if (number < 0 || number > 65_535) return `address ${port}: invalid port`
  return { host, port: number }
}

/** Splits an address to connect to; null if it is invalid. */
export function splitAddress(text: string): Address | null {
  const parts = split(text)
  return typeof parts === 'string' ? null : parts
}

export function formatAddress(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * Resolves an address to listen on. An empty text means any interface and any port. A name becomes its first IPv4 address,
 * else its first address.
 * @throws ApiError 500 in Go's words, with this prefix.
 */
export async function resolveListen(text: string, prefix = ''): Promise<Address> {
  const parts = split(text === '' ? ':0' : text)
  if (typeof parts === 'string') throw new ApiError(500, `${prefix}${parts}`)
  if (parts.host === '' || isIP(parts.host) !== 0) return parts
  try {
    const addresses = await resolve(parts.host)
    const chosen = addresses.find(({ family }) => family === 4) ?? addresses[0]
    if (chosen !== undefined) return { host: chosen.address, port: parts.port }
  } catch (error) {
    const reason = error instanceof LookupTimeout ? 'i/o timeout' : 'no such host'
    throw new ApiError(500, `${prefix}lookup ${parts.host}: ${reason}`, { cause: error })
  }
  throw new ApiError(500, `${prefix}lookup ${parts.host}: no such host`)
}

/** Time limit of a name lookup. */
const lookupLimitMs = 3000

class LookupTimeout extends Error {}

async function resolve(host: string): Promise<readonly LookupAddress[]> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LookupTimeout(host)), lookupLimitMs)
  })
  try {
    return await Promise.race([lookup(host, { all: true }), timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** True for an address that means every interface. */
export const isWildcard = (host: string): boolean => host === '' || host === '0.0.0.0' || host === '::'

const causes: Readonly<Record<string, string>> = {
  EADDRINUSE: 'bind: address already in use',
  EADDRNOTAVAIL: 'bind: cannot assign requested address',
  EACCES: 'bind: permission denied',
  EMFILE: 'socket: too many open files',
  EAFNOSUPPORT: 'socket: address family not supported by protocol',
}

/** The API's error 500 for a listen that failed, in Go's words. */
export function listenError(address: Address, error: NodeJS.ErrnoException): ApiError {
  const cause = causes[error.code ?? ''] ?? error.message
  return new ApiError(500, `listen tcp ${formatAddress(address.host, address.port)}: ${cause}`, {
    cause: error,
  })
}
