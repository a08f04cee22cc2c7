import type { Ending } from '#model/model'
import type { ConnectionTrace } from '#proxies/types'
import type { TlsSettings } from '#peers/session/endpoint'
import type { Route, Segments } from '#peers/kit'
import type { Watch } from './watch.ts'

export interface SocketOptions {
  /** Where the target is: host, port and whether TLS is spoken. Host name, SNI and certificate check stay its own. */
  readonly url: URL
  /** Direct unless given. */
  readonly via?: Route | undefined
  readonly tls: TlsSettings
  /** Offers nothing newer. */
  readonly maxTls?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined
  /** Speaks plain text even where the URL is secure. */
  readonly plainText?: boolean | undefined
  /** Takes every byte (of the TLS payload, where TLS is spoken) as it comes. May keep it: nobody else writes to it. */
  data(bytes: Uint8Array): void
  /** All data was given, and the connection was ended by one side; `socket.ending` says how. */
  ended?(): void
}

export interface TlsFacts {
  readonly authorized: boolean
  /** A code such as `CERT_HAS_EXPIRED`: why the certificate, or the TLS handshake, failed. */
  readonly error: string | null
  readonly protocol: string | null
  readonly alpn: string | null
}

/**
 * One TCP connection, TLS included. Never throws and never lets an error event escape once it is open: what happens
 * becomes an ending. Always reads, so that a reset is noticed. Owned by the context's scope.
 */
export interface PeerSocket {
  readonly route: Route
  /** Of the TCP bytes, also under TLS. */
  readonly trace: ConnectionTrace
  /** Who ended the connection first, and how; null while it stands. */
  readonly ending: Ending | null
  /** How the other side (target or link) ended its half; null while it did not. */
  readonly remoteEnding: Ending | null
  /** Null where TLS is not spoken. With an error nothing can be sent: the handshake or the certificate failed. */
  readonly tls: TlsFacts | null
  /** Looks again after every byte and every ending. */
  readonly watch: Watch
  /** Milliseconds since the connection was opened. */
  now(): number
  /** Sends in one write, or in the segments told, each a TCP segment of its own as far as that can be had. */
  write(bytes: Uint8Array, segments?: Segments): void
  /** Bytes that are not yet handed to the system. */
  readonly unsent: number
  /** The protocol's opening is complete; of the bytes that came, the last `behind` belong to what follows. */
  opened(behind?: number): void
  /** A step asked at `asked` (ms of `now()`) got its answer: a round trip of the trace. */
  answered(asked: number): void
  /** Waiting for the other side is given up: the trace ends by a timeout, unless it ended already. */
  gaveUp(): void
  /** FIN (behind TLS's own close notice). */
  finish(): void
  /** RST. */
  reset(): void
  /** Closes at once and waits until nothing is left. Idempotent. */
  close(): Promise<void>
}
