import tls from 'node:tls'
import type { TlsSettings } from '#peers/session/endpoint'

export type TlsVersion = 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

/** Options of Node's TLS for these settings: further authorities besides the usual ones, or no verification. */
export function secureOptions(settings: TlsSettings): {
  readonly rejectUnauthorized: boolean
  readonly secureContext: tls.SecureContext
} {
  return { rejectUnauthorized: !settings.insecure, secureContext: secureContextOf(settings) }
}

/** A handful of settings is in use at a time. */
const most = 16
const known = new Map<string, tls.SecureContext>()

/**
 * What TLS goes by for these settings; the same for every connection, since reading the usual authorities anew costs
 * 50 ms each time. `max`: nothing newer is offered.
 */
export function secureContextOf(settings: TlsSettings, max?: TlsVersion): tls.SecureContext {
  const key = `${max ?? ''}\n${settings.ca ?? ''}`
  const made = known.get(key) ?? tls.createSecureContext({ ...authorities(settings), ...versions(max) })
  if (known.size >= most) known.clear()
  known.set(key, made)
  return made
}

function authorities(settings: TlsSettings): tls.SecureContextOptions {
  return settings.ca === null ? {} : { ca: [...tls.rootCertificates, settings.ca] }
}

/** OpenSSL refuses TLS 1.1 even to offer it, unless its security level is lowered. */
function versions(max: TlsVersion | undefined): tls.SecureContextOptions {
  if (max === undefined) return {}
  if (max !== 'TLSv1.1') return { maxVersion: max }
  return { minVersion: 'TLSv1', maxVersion: max, ciphers: 'DEFAULT@SECLEVEL=0' }
}
