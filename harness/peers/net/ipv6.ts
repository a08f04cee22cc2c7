import { lookup } from 'node:dns/promises'
import net from 'node:net'

/**
 * The IPv6 address of a URL's host, or null if it has none. `localhost` is ::1 even if the machine's hosts file lacks
 * the entry (RFC 6761 6.3).
 */
export async function ipv6AddressOf(url: URL): Promise<string | null> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const literal = net.isIP(host)
  if (literal !== 0) return literal === 6 ? host : null
  try {
    return (await lookup(host, { family: 6 })).address
  } catch {
    return host === 'localhost' || host.endsWith('.localhost') ? '::1' : null
  }
}
