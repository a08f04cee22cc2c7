/** What peers need to know to talk to a target. Made from the contract; holds secrets, so it never reaches a report. */
export interface Endpoint {
  /** The id of its protocol. */
  readonly protocol: string
  /** Without user part; `ws:`, `wss:`, `http:` or `https:`. */
  readonly url: URL
  /** Sent with every request: credentials, cookies, what the contract says. Name and value as given. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly tls: TlsSettings
  /** The same service over TLS; the `url` itself where that is secure; null when not known. */
  readonly secureUrl: URL | null
  /** A plain-text address of the secure service, which must not serve it; null when not known. */
  readonly plainUrl: URL | null
  readonly allowedOrigin: string | null
  readonly deniedOrigin: string | null
  /** Subprotocols that the contract says the server speaks, offered in every handshake. */
  readonly subprotocols: readonly string[]
  /** What to send and to expect right after a WebSocket opens, before a check begins. */
  readonly opening: readonly OpeningStep[]
  readonly publish: PublishPlan | null
  /** How its stream is asked for: GET without a body by default. */
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
  /** The placeholders that occur, so what a publisher can set. */
  readonly fields: ReadonlySet<'data' | 'event' | 'id'>
}
