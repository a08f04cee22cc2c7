/**
 * The link is the network path between the harness and the target. Its faults are toxics on the proxies of a Toxiproxy.
 * Nothing here knows what a WebSocket or an event stream is.
 */

export type Direction = 'client-to-server' | 'server-to-client'

/** A toxic as Toxiproxy's API takes it. */
export interface ToxicSpec {
  readonly type: string
  readonly stream: 'upstream' | 'downstream'
  readonly attributes: Readonly<Record<string, number>>
  readonly toxicity?: number
}

/** What the harness's own socket saw of one connection. Times are in ms since the connection was opened. */
export interface ConnectionTrace {
  readonly clientToServerBytes: number
  readonly serverToClientBytes: number
  /** Received bytes, in the pieces that the socket delivered. */
  readonly arrivals: readonly { readonly ms: number; readonly bytes: number }[]
  /** Sent bytes, one entry for each write. */
  readonly departures: readonly { readonly ms: number; readonly bytes: number }[]
  /** Each request that was answered: [asked, answered] in ms. */
  readonly roundTrips: readonly (readonly [number, number])[]
  /** How it ended, or null while it is open. */
  readonly ending: {
    readonly ms: number
    readonly how: 'fin' | 'rst' | 'timeout'
    readonly by: 'harness' | 'peer'
  } | null
  /** Bytes of each direction when the protocol's opening was complete; null if it never was. */
  readonly openedAtServerToClientBytes: number | null
  readonly openedAtClientToServerBytes: number | null
  /** When the opening was complete; null if it never was. */
  readonly openedAtMs: number | null
}

/** Whether traces prove that a fault was in force. */
export type Proof =
  /** `summary` is the same sentence in every run, so it has no figures; `figures` go into `measured`. */
  | { readonly proven: true; readonly summary: string; readonly figures: Readonly<Record<string, number>> }
  | { readonly proven: false; readonly summary: string }

/** A named condition of the link, carried out by standard toxics, and the proof that it was in force. */
export interface Fault {
  readonly name: string
  readonly direction: Direction | 'both'
  /** As shown in reports, in ms, bytes or bytes per second. The same in every run. */
  readonly settings: Readonly<Record<string, number>>
  readonly toxics: readonly ToxicSpec[]
  /** True for a fault that ends or silences the connection, so that an exchange over it cannot complete. */
  readonly severs: boolean
  /** Compares a connection under the fault with a control through the same proxy without toxics. */
  prove(faulted: ConnectionTrace, control: ConnectionTrace): Proof
}

/** What the harness's own sockets saw of a link that went down and came up again. Times are in ms of one clock. */
export interface OutageTrace {
  /** Control: the connection was open just before the link went down. */
  readonly wasOpen: boolean
  /** The other side ended that connection afterwards. */
  readonly ended: boolean
  /** Connections attempted while the link was down, in order. */
  readonly attempts: readonly {
    readonly fromMs: number
    readonly toMs: number
    readonly outcome: AttemptOutcome
  }[]
  /** Outcome of the connection attempted after the link came up; null until then. */
  readonly afterRestore: AttemptOutcome | null
}

/** Outcome of an attempt to open a TCP connection; `failed`: neither accepted nor refused, such as a timeout. */
export type AttemptOutcome = 'accepted' | 'refused' | 'failed'

/** The one fault that no toxic carries out: the link is down for a while. */
export interface LinkDown {
  readonly name: 'link-down'
  readonly direction: 'both'
  readonly settings: Readonly<{ ms: number }>
  prove(trace: OutageTrace): Proof
}

/**
 * What the embedded engine logged about one connection under a fault. It is added evidence and never a condition of the
 * proof, because a real Toxiproxy keeps no such log. Figures differ from run to run.
 */
export interface LoggedConnection {
  /** Number of the connection at its proxy, in the order of acceptance, from 1. Unfaulted connections count too. */
  readonly connection: number
  /**
   * The first effect of the fault's toxic: at which byte of its direction, and how many ms after the connection was
   * accepted. Null for `link-down`, which has no toxic.
   */
  readonly hit: {
    readonly toxic: string
    readonly direction: Direction
    readonly byte: number
    readonly ms: number
  } | null
  /**
   * Who ended it, and how. `down`: the link went down; `refused`: the proxy could not reach the target. Null if it was
   * open when the log was read, or ended in another way.
   */
  readonly ending: {
    readonly by: 'harness' | 'target' | 'proxy'
    readonly how: 'fin' | 'rst' | 'down' | 'refused'
  } | null
  /** Until it ended, or until the log was read. */
  readonly durationMs: number
  /** Bytes that the proxy passed on. */
  readonly clientToServerBytes: number
  readonly serverToClientBytes: number
}

/** A proxy of this run, through which a check reaches the target. Its faults are set by the driver. */
export interface FaultProxy extends AsyncDisposable {
  readonly name: string
  /** Where to connect to instead of the target. */
  readonly host: string
  readonly port: number
  /** Replaces the toxics. Call it before anything connects. @throws EngineError */
  setFaults(faults: readonly Fault[]): Promise<void>
  /** False: the link is down, every connection is closed and new ones are refused. True: it is up. @throws EngineError */
  setEnabled(enabled: boolean): Promise<void>
  /**
   * What the engine logged about the first few connections that this fault affected since it was last set. Null if the
   * engine keeps no such log, or does not return it within `withinMs`. Never rejects.
   */
  loggedConnections(fault: Fault | LinkDown, withinMs: number): Promise<readonly LoggedConnection[] | null>
  close(): Promise<void>
}

/** What carries the faults: a real Toxiproxy, or the embedded one with the same HTTP API. */
export interface Engine extends AsyncDisposable {
  readonly kind: 'embedded' | 'toxiproxy'
  readonly version: string
  /** Address of its HTTP API. */
  readonly api: string
  /** What the user should know about the engine, in sentences without figures of the run. */
  readonly remarks?: readonly string[]
  /** Opens a proxy of this run to the upstream. @throws EngineError */
  open(
    upstream: { readonly host: string; readonly port: number },
    faults?: readonly Fault[],
  ): Promise<FaultProxy>
  /** Removes every proxy of this run, touches no other, and stops what was started. Idempotent. */
  close(): Promise<void>
}

export interface EngineOptions {
  /** `auto`: TOXIPROXY_URL if set, else embedded; `toxiproxy`: start a `toxiproxy-server` from PATH; else a URL. */
  readonly choice: 'auto' | 'embedded' | 'toxiproxy' | (string & {})
  /** Part of every proxy's name. */
  readonly runId: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Multiplies every time limit; default 1. */
  readonly timeScale?: number
  /** Where the proxies of a Toxiproxy listen: `HOST`, `HOST:PORT` or `HOST:FIRST-LAST`. */
  readonly proxyListen?: string
  /** Host at which this machine reaches them. */
  readonly proxyAdvertise?: string
  /** Host at which the Toxiproxy reaches this machine. Replaces the host of a target on 127.0.0.1, localhost or ::1. */
  readonly proxyUpstream?: string
  /** Targets of the run. Those on the loopback of this machine must also be reachable at `proxyUpstream`. */
  readonly targets?: readonly { readonly host: string; readonly port: number }[]
}

/** The engine cannot be reached or started, or does not carry or cut a connection. The message is one line and says what to do. */
export class EngineError extends Error {
  readonly code = 'ENGINE'
  override readonly name = 'EngineError'
}
