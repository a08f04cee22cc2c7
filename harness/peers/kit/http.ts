import type { Ending } from '#model/model'

/**
 * The way to a target: direct, or through a proxy. The Host header, SNI and the certificate check are those of the
 * target on either.
 */
export interface Route {
  readonly kind: 'direct' | 'proxy'
  readonly host: string
  readonly port: number
  /** A fault on this route ends or silences connections: such an ending counts as `by: 'proxy'`, not as the target's. */
  readonly severs: boolean
  /** Multiplies the time limits on this route, because a fault makes it slow; 1 by default. */
  readonly patience?: number
}

/** The head of an HTTP response: status line and headers. */
export interface HttpHead {
  /** `HTTP/1.1`. */
  readonly version: string
  readonly status: number
  readonly reason: string
  /** In the order received, names in the letter case received. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly raw: Uint8Array
  /** The values of every header of this name, in any letter case, in order. */
  all(name: string): readonly string[]
  /** The value of the first header of this name, or null. */
  get(name: string): string | null
  /** The elements of a comma-separated list, over all headers of this name, without white space around them. */
  list(name: string): readonly string[]
}

/**
 * A request. What is not given is as the contract says. Without a method it is the request for the event stream, with
 * the contract's method, headers and body; otherwise it has no body unless one is given.
 */
export interface RequestOptions {
  /** Whose URL; by default that of the check's own protocol. */
  readonly protocol?: string
  readonly method?: string
  /** The request target as sent; the URL's path and query by default. */
  readonly target?: string
  readonly version?: '1.1' | '1.0'
  /** Replace headers of the same name, or are added. */
  readonly headers?: readonly (readonly [string, string])[]
  /** Names of headers to leave out. */
  readonly without?: readonly string[]
  /** Sent after the head, with its Content-Length unless that header is given or left out. Text is sent as UTF-8. */
  readonly body?: string | Uint8Array
  readonly via?: Route
  /** Another address of the target, such as its plain-text one. */
  readonly url?: URL
  /** The newest TLS version to offer. */
  readonly maxTls?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
}

/** What a request was answered with. */
export interface HttpAnswer {
  /** Null if no whole head arrived within the time limit. */
  readonly head: HttpHead | null
  /** How the response or its connection ended; null if both were still open when the harness closed it. */
  readonly ending: Ending | null
  /** The first bytes of the body: at most 64 KiB, and what arrived within the time limit. */
  readonly body: Uint8Array
  /** From the request to the whole head, in ms; null without a head. */
  readonly headMs: number | null
  /** Bytes that follow a response to HEAD, which has no body. 0 for other methods. */
  readonly surplus: number
  /** Null without TLS. */
  readonly tls: {
    /** The certificate is valid for the host. */
    readonly authorized: boolean
    /** Why the handshake or the certificate failed, as a code such as `CERT_HAS_EXPIRED`; null if neither did. */
    readonly error: string | null
    readonly protocol: string | null
    readonly alpn: string | null
  } | null
  /** The head; a Violation if there is none. */
  expectHead(): HttpHead
}

/** An event to publish by the contract's means. */
export interface Publication {
  /** Text is sent as UTF-8. */
  readonly data: string | Uint8Array
  /** Needs the capability `sse.publish.event`. */
  readonly event?: string
  /** Needs the capability `sse.publish.id`. */
  readonly id?: string
}
