/** What peers need to know to talk to a target. Made from the contract; holds secrets, so it never reaches a report. */
export interface Endpoint {
  /** The id of its protocol. */
  readonly protocol: string
  /** Without user part; `ws:`, `wss:`, `http:` or `https:`. */
  readonly url: URL
  /** The contract's headers for every request, such as credentials and cookies. Name and value as given. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly tls: TlsSettings
  /** The same service over TLS: `url` itself if it is secure; null if unknown. */
  readonly secureUrl: URL | null
  /** A plain-text address of the secure service, which must not serve it; null if unknown. */
  readonly plainUrl: URL | null
  readonly allowedOrigin: string | null
  readonly deniedOrigin: string | null
  /** The contract's subprotocols, offered in every handshake. */
  readonly subprotocols: readonly string[]
  /** Messages to send and to expect after a WebSocket opens, before a check begins. */
  readonly opening: readonly OpeningStep[]
  readonly publish: PublishPlan | null
  /** The request for its stream: by default a GET without a body. */
  readonly request: StreamRequest
  /** The media type that a request to this server asks for. */
  readonly accept: string
}

/** The request that a stream answers. */
export interface StreamRequest {
  readonly method: string
  /** Sent with this request alone, besides the server's `headers`. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string | null
}

export interface TlsSettings {
  /** PEM of further certificate authorities. */
  readonly ca: string | null
  /** True: certificates are not verified (`--insecure`). */
  readonly insecure: boolean
}

export type OpeningStep =
  | { readonly send: string }
  /** Waits for a message that contains this text; empty: any message. */
  | { readonly expect: string }

/** How to publish an event: one HTTP request. In `url`, `headers` and `body`, `{data}`, `{event}`, `{id}` are filled in. */
export interface PublishPlan {
  readonly url: URL
  readonly method: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Template. `{json:data}` fills in a JSON string literal, `{data}` the bytes as they are, `{url:data}` percent-encoded. */
  readonly body: string
  /** The placeholders that occur: what a publication can set. */
  readonly fields: ReadonlySet<'data' | 'event' | 'id'>
}
