/**
 * The link between us and the target: proxies of a Toxiproxy, and faults on them. Nothing here knows what a
 * WebSocket or an event stream is.
 */

/** `up`: from us to the target; `down`: from the target to us. */
export type Direction = 'client-to-server' | 'server-to-client'

/** A toxic as Toxiproxy's API takes it. */
export interface ToxicSpec {
  readonly type: string
  readonly stream: 'upstream' | 'downstream'
  readonly attributes: Readonly<Record<string, number>>
  readonly toxicity?: number
}

/** What our own socket saw of one connection through a proxy; times in ms since the connection was opened. */
export interface LinkTrace {
  readonly clientToServerBytes: number
  readonly serverToClientBytes: number
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
    readonly by: 'harness' | 'peer'
  } | null
  /** Bytes down at the moment when the protocol's opening was complete (null: it never was). */
  readonly openedAtServerToClientBytes: number | null
  readonly openedAtClientToServerBytes: number | null
  readonly openedAtMs: number | null
}

export type Proof =
  /** `summary` is the same sentence in every run (no figures); `figures` go into `measured`. */
  | { readonly struck: true; readonly summary: string; readonly figures: Readonly<Record<string, number>> }
  | { readonly struck: false; readonly summary: string }

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

/** What our own sockets saw of a link that went down and came up again. Times in ms of one clock. */
export interface OutageTrace {
  /** Control: the connection stood when the link was told to go down. */
  readonly stood: boolean
  /** The other side ended that connection then. */
  readonly ended: boolean
  /** New connections that were tried while the link was down, in order. */
  readonly tries: readonly { readonly fromMs: number; readonly toMs: number; readonly outcome: Attempted }[]
  /** What came of one that was tried when the link was up again; null: it is not. */
  readonly after: Attempted | null
}

/** What came of a TCP connection; `failed`: something else than a refusal. */
export type Attempted = 'taken' | 'refused' | 'failed'

/** The one fault that no toxic carries out: the link itself is down for a while. */
export interface LinkDown {
  readonly name: 'link-down'
  readonly direction: 'both'
  readonly settings: Readonly<{ ms: number }>
  prove(seen: OutageTrace): Proof
}

/**
 * What the engine itself noted of one connection under a fault. Evidence beside the proof, never a condition: a real
 * Toxiproxy has nothing of the kind. Figures differ from run to run.
 */
export interface LinkRecord {
  /** Number at its proxy in the order of acceptance, from 1: connections without the fault count as well. */
  readonly connection: number
  /** The toxic's first deed: which, at which byte of its direction, how long after acceptance. Null: it was no toxic. */
  readonly hit: {
    readonly toxic: string
    readonly direction: Direction
    readonly byte: number
    readonly ms: number
  } | null
  /**
   * Who ended it, and how. `down`: the link went down; `refused`: the proxy could not reach the target. Null: it stood
   * when the engine was asked, or the engine has no word for it.
   */
  readonly ending: {
    readonly by: 'harness' | 'target' | 'proxy'
    readonly how: 'fin' | 'rst' | 'down' | 'refused'
  } | null
  /** Up to its end, or to the moment when the engine was asked. */
  readonly durationMs: number
  /** What the proxy passed on. */
  readonly clientToServerBytes: number
  readonly serverToClientBytes: number
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
  /**
   * What the engine noted of the first few connections that met this fault since it was last set. Null where it keeps
   * no such log, or does not give it within `withinMs`. Never rejects.
   */
  seen(fault: Fault | LinkDown, withinMs: number): Promise<readonly LinkRecord[] | null>
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
