import tls from 'node:tls'
import type { TlsSettings } from './endpoint.ts'

/** Options of Node's TLS for these settings: further authorities besides the usual ones, or no verification. */
export function secureOptions(settings: TlsSettings): {
  readonly ca?: string[]
  readonly rejectUnauthorized: boolean
} {
  return {
    rejectUnauthorized: !settings.insecure,
    ...(settings.ca === null ? {} : { ca: [...tls.rootCertificates, settings.ca] }),
  }
}
