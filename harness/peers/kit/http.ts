import type { Ending } from '#model/model'

/** A way to the target: direct, or through a proxy. Host, SNI and certificate check are always the target's. */
export interface Route {
  readonly kind: 'direct' | 'proxy'
  readonly host: string
  readonly port: number
  /** Faults in force that end or silence a connection make its ending `by: 'proxy'`. */
  readonly severs: boolean
  /** Multiplies the waits on this route: a slow link needs patience. 1 unless told. */
  readonly patience?: number
}

export interface HttpHead {
  readonly version: string
  readonly status: number
  readonly reason: string
  /** In the order of the wire, names as sent. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly raw: Uint8Array
  /** Values of every header of this name, in order. */
  all(name: string): readonly string[]
  /** First value, or null. */
  get(name: string): string | null
  /** Comma-separated list over all headers of this name; elements trimmed. */
  list(name: string): readonly string[]
}

export interface RequestOptions {
  /** Which target's URL; sse unless told. */
  readonly protocol?: 'websocket' | 'sse'
  readonly method?: string
  readonly target?: string
  readonly version?: '1.1' | '1.0'
  readonly headers?: readonly (readonly [string, string])[]
  readonly without?: readonly string[]
  /** Sent after the head, with its Content-Length unless that header is given or left out. Text is sent as UTF-8. */
  readonly body?: string | Uint8Array
  readonly via?: Route
  readonly url?: URL
  readonly maxTls?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
}

export interface HttpAnswer {
  readonly head: HttpHead | null
  readonly ending: Ending | null
  /** First bytes of the body, up to 64 KiB or what came within the limit. */
  readonly body: Uint8Array
  readonly headMs: number | null
  /** Bytes that came behind the end of the response: only watched for behind HEAD. */
  readonly surplus: number
  /** The peer certificate's facts, on TLS. */
  readonly tls: {
    readonly authorized: boolean
    readonly error: string | null
    readonly protocol: string | null
    readonly alpn: string | null
  } | null
  /** The head, or a violation that says that none came. */
  expectHead(): HttpHead
}

export interface Publication {
  /** Text is sent as UTF-8. */
  readonly data: string | Uint8Array
  readonly event?: string
  readonly id?: string
}
