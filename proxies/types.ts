/**
 * The link between us and the target: proxies of a Toxiproxy, and faults on them. Nothing here knows what a
 * WebSocket or an event stream is.
 */

/** `up`: from us to the target; `down`: from the target to us. */
export type Direction = 'up' | 'down'

/** A toxic as Toxiproxy's API takes it. */
export interface ToxicSpec {
  readonly type: string
  readonly stream: 'upstream' | 'downstream'
  readonly attributes: Readonly<Record<string, number>>
  readonly toxicity?: number
}

/** What our own socket saw of one connection through a proxy; times in ms since the connection was opened. */
export interface LinkTrace {
  readonly bytesUp: number
  readonly bytesDown: number
  /** Arrivals as the socket delivered them. */
  readonly arrivals: readonly { readonly ms: number; readonly bytes: number }[]
  /** Our writes. */
  readonly departures: readonly { readonly ms: number; readonly bytes: number }[]
  /** When each step of the exchange that waited for an answer got it: [asked, answered] in ms. */
  readonly roundTrips: readonly (readonly [number, number])[]
  /** How it ended, or null while it stands. */
  readonly ending: {
    readonly ms: number
    readonly how: 'fin' | 'rst' | 'timeout'
    readonly by: 'us' | 'peer'
  } | null
  /** Bytes down at the moment when the protocol's opening was complete (null: it never was). */
  readonly openedAtBytesDown: number | null
  readonly openedAtBytesUp: number | null
  readonly openedAtMs: number | null
}

export type Proof =
  /** `says` is the same sentence in every run (no figures); `figures` go into `measured`. */
  | { readonly struck: true; readonly says: string; readonly figures: Readonly<Record<string, number>> }
  | { readonly struck: false; readonly says: string }

/** A named condition of the link, carried out by standard toxics, and how to prove that it struck. */
export interface Fault {
  readonly name: string
  readonly direction: Direction | 'both'
  /** As shown in reports: ms, bytes, bytes per second. Stable from run to run. */
  readonly settings: Readonly<Record<string, number>>
  readonly toxics: readonly ToxicSpec[]
  /** True for a fault that ends or silences the connection, so that an exchange over it cannot complete. */
  readonly severs: boolean
  /** Compares a connection under the fault with an untoxiced control through the same proxy. */
  prove(faulted: LinkTrace, control: LinkTrace): Proof
}

/** A proxy of this run. */
export interface Link extends AsyncDisposable {
  readonly name: string
  /** Where to connect to instead of the target. */
  readonly host: string
  readonly port: number
  readonly faults: readonly Fault[]
  /** Replaces the toxics; called before anything connects. */
  setFaults(faults: readonly Fault[]): Promise<void>
  /** Link down (every connection is closed, new ones are refused) and up again. */
  setEnabled(enabled: boolean): Promise<void>
  close(): Promise<void>
}

/** What carries the faults: a real Toxiproxy, or the embedded one with the same HTTP API. */
export interface Engine extends AsyncDisposable {
  readonly kind: 'embedded' | 'toxiproxy'
  readonly version: string
  /** Address of its HTTP API. */
  readonly api: string
  /** What the user should know of it: whole sentences, without figures of the run. */
  readonly remarks?: readonly string[]
  /** Opens a proxy of this run to the upstream. */
  open(upstream: { readonly host: string; readonly port: number }, faults?: readonly Fault[]): Promise<Link>
  /** Removes every proxy of this run, touches no other, and stops what was started. Idempotent. */
  close(): Promise<void>
}

export interface EngineOptions {
  /** `auto`: TOXIPROXY_URL if set, else embedded; `toxiproxy`: start a `toxiproxy-server` from PATH; else a URL. */
  readonly choice: 'auto' | 'embedded' | 'toxiproxy' | (string & {})
  /** Part of every proxy's name. */
  readonly runId: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Multiplies every wait. */
  readonly timeScale?: number
  /** Where the proxies of a Toxiproxy listen: `HOST`, `HOST:PORT` or `HOST:FIRST-LAST`. */
  readonly proxyListen?: string
  /** Host at which this machine reaches them. */
  readonly proxyAdvertise?: string
  /** Host at which the Toxiproxy reaches this machine: stands in for a target on 127.0.0.1, localhost or ::1. */
  readonly proxyUpstream?: string
  /** Those of them that are on our loopback must be reached at `proxyUpstream` as well. */
  readonly targets?: readonly { readonly host: string; readonly port: number }[]
}

/** The engine cannot be reached, started, or does not carry or cut a connection. Message: one line, what to do. */
export class EngineError extends Error {
  readonly code = 'ENGINE'
  override readonly name = 'EngineError'
}
