import tls from 'node:tls'
import type { TlsSettings } from '#peers/session/endpoint'

export type TlsVersion = 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

/** Options for Node's TLS: additional certificate authorities, or no verification. */
export function secureOptions(settings: TlsSettings): {
  readonly rejectUnauthorized: boolean
  readonly secureContext: tls.SecureContext
} {
  return { rejectUnauthorized: !settings.insecure, secureContext: secureContextOf(settings) }
}

/** Contexts kept; a run uses very few. */
const maxContexts = 16
const contexts = new Map<string, tls.SecureContext>()

/**
 * Node's secure context for these settings. Connections share it: reading the default authorities costs 50 ms.
 * `max`: the newest version to offer.
 */
export function secureContextOf(settings: TlsSettings, max?: TlsVersion): tls.SecureContext {
  const key = `${max ?? ''}\n${settings.ca ?? ''}`
  const secureContext =
    contexts.get(key) ?? tls.createSecureContext({ ...authorities(settings), ...versions(max) })
  if (contexts.size >= maxContexts) contexts.clear()
  contexts.set(key, secureContext)
  return secureContext
}

function authorities(settings: TlsSettings): tls.SecureContextOptions {
  return settings.ca === null ? {} : { ca: [...tls.rootCertificates, settings.ca] }
}

/** OpenSSL offers TLS 1.1 only at a lowered security level. */
function versions(max: TlsVersion | undefined): tls.SecureContextOptions {
  if (max === undefined) return {}
  if (max !== 'TLSv1.1') return { maxVersion: max }
  return { minVersion: 'TLSv1', maxVersion: max, ciphers: 'DEFAULT@SECLEVEL=0' }
}
