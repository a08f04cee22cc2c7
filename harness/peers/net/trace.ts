import type { ConnectionTrace } from '#proxies/types'

/** Entries kept of arrivals and of departures; what comes later is added to the last. */
const most = 20_000

interface Stroke {
  readonly ms: number
  readonly bytes: number
}

/** Notes what one socket saw, in ms since its connection was opened. */
export class TraceRecorder {
  readonly #start = performance.now()
  readonly #arrivals: Stroke[] = []
  readonly #departures: Stroke[] = []
  readonly #roundTrips: [number, number][] = []
  #clientToServerBytes = 0
  #serverToClientBytes = 0
  #ending: ConnectionTrace['ending'] = null
  #opened: Stroke & { readonly up: number } = { ms: -1, bytes: 0, up: 0 }

  now(): number {
    return performance.now() - this.#start
  }

  arrived(bytes: number): void {
    this.#serverToClientBytes += bytes
    note(this.#arrivals, { ms: this.now(), bytes })
  }

  departed(bytes: number): void {
    this.#clientToServerBytes += bytes
    note(this.#departures, { ms: this.now(), bytes })
  }

  /**
   * The protocol's opening is complete; the last time that this is said counts. `behind`: bytes that arrived
   * already and belong to what follows.
   */
  opened(behind = 0): void {
    this.#opened = {
      ms: this.now(),
      bytes: this.#serverToClientBytes - behind,
      up: this.#clientToServerBytes,
    }
  }

  /** A step that began at `asked` (ms of `now()`) got its answer. */
  answered(asked: number): void {
    if (this.#roundTrips.length < most) this.#roundTrips.push([asked, this.now()])
  }

  /** The first ending stays. */
  ended(how: 'fin' | 'rst' | 'timeout', by: 'harness' | 'peer'): void {
    this.#ending ??= { ms: this.now(), how, by }
  }

  get trace(): ConnectionTrace {
    const opened = this.#opened.ms < 0 ? null : this.#opened
    return {
      clientToServerBytes: this.#clientToServerBytes,
      serverToClientBytes: this.#serverToClientBytes,
      arrivals: [...this.#arrivals],
      departures: [...this.#departures],
      roundTrips: [...this.#roundTrips],
      ending: this.#ending,
      openedAtServerToClientBytes: opened?.bytes ?? null,
      openedAtClientToServerBytes: opened?.up ?? null,
      openedAtMs: opened?.ms ?? null,
    }
  }
}

function note(list: Stroke[], stroke: Stroke): void {
  const last = list.at(-1)
  if (list.length < most || last === undefined) list.push(stroke)
  else list[list.length - 1] = { ms: last.ms, bytes: last.bytes + stroke.bytes }
}
