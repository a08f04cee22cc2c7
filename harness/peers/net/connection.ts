import type { TlsSettings } from '#peers/session/endpoint'
import type { Route } from '#peers/kit'
import type { ByteStream } from './byte-stream.ts'
import type { TlsVersion } from './trust.ts'

/** One TCP connection to a target, direct or through a proxy, with TLS if it is spoken. Owned by the context's scope. */
export interface Connection extends ByteStream {
  /** Null if TLS is not spoken. With an error nothing can be sent: the handshake or the certificate failed. */
  readonly tls: TlsFacts | null
}

export interface ConnectionOptions {
  /** Where the target is: host, port and whether TLS is spoken. A route changes neither SNI nor the certificate check. */
  readonly url: URL
  /** Direct by default. */
  readonly via?: Route | undefined
  readonly tls: TlsSettings
  /** The newest version to offer. */
  readonly maxTls?: TlsVersion | undefined
  /** Speaks plain text even if the URL is secure. */
  readonly plainText?: boolean | undefined
}

export interface TlsFacts {
  readonly authorized: boolean
  /** A code such as `CERT_HAS_EXPIRED`: why the certificate, or the TLS handshake, failed. */
  readonly error: string | null
  readonly protocol: string | null
  readonly alpn: string | null
}
