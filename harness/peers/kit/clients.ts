import type { Route } from './http.ts'

/**
 * Conforming clients that other people wrote: `ws`, undici's WebSocket, and the `eventsource` package. They take the same
 * routes, TLS settings and headers as our own peers. A check with them shows that a target works with what users have.
 */
export interface ConformingClients {
  /** Opens with the `ws` package, sends `echo` if it is given and waits for it to come back, then closes with 1000. */
  ws(options?: { readonly via?: Route; readonly echo?: string }): Promise<ClientReport>
  /** The same with undici's WebSocket, which is that of Node and follows the WHATWG standard. */
  undiciWebSocket(options?: { readonly via?: Route; readonly echo?: string }): Promise<ClientReport>
  /** Opens with the `eventsource` package, and resolves once `until` holds or nothing more arrives in time. */
  eventSource(options: {
    readonly via?: Route
    /** Sent with the first request: the client itself sends it with every reconnect. */
    readonly lastEventId?: string
    readonly until: (events: readonly ClientEvent[]) => boolean
    /** Called once the stream is open. */
    readonly onOpen?: () => Promise<void>
    /**
     * Connects the client through a proxy of its own that goes down once the client has received an event. Called while
     * the proxy is down; then it comes up again, and the client is given time to reconnect. Recorded as the fault
     * `link-down`.
     */
    readonly whileLinkDown?: () => Promise<void>
    /** Called when the client has opened its second stream. */
    readonly onReconnect?: () => Promise<void>
  }): Promise<{ readonly events: readonly ClientEvent[]; readonly opens: number }>
}

/** An event as the client dispatched it. */
export interface ClientEvent {
  readonly type: string
  readonly data: string
  /** The id of this very event; empty if it has none: the package does not repeat that of an earlier one. */
  readonly lastEventId: string
}

/** What became of a WebSocket client. */
export interface ClientReport {
  readonly opened: boolean
  /** The message of `echo` came back unaltered. */
  readonly echoed: boolean
  /** The code that the client reports for the closed connection; null if it did not close. */
  readonly closeCode: number | null
  /** What the client reported as an error, or null. */
  readonly error: string | null
}
