import type { ConnectionTrace } from '#proxies/types'

/** Entries kept of arrivals and of departures; later bytes are added to the last entry. */
const maxEntries = 20_000

interface Transfer {
  readonly ms: number
  readonly bytes: number
}

/** Records the bytes of one connection, with times in ms since it was opened. */
export class TraceRecorder {
  readonly #start = performance.now()
  readonly #arrivals: Transfer[] = []
  readonly #departures: Transfer[] = []
  readonly #roundTrips: [number, number][] = []
  #clientToServerBytes = 0
  #serverToClientBytes = 0
  #ending: ConnectionTrace['ending'] = null
  #opened: Transfer & { readonly clientToServerBytes: number } = { ms: -1, bytes: 0, clientToServerBytes: 0 }

  now(): number {
    return performance.now() - this.#start
  }

  arrived(bytes: number): void {
    this.#serverToClientBytes += bytes
    add(this.#arrivals, { ms: this.now(), bytes })
  }

  departed(bytes: number): void {
    this.#clientToServerBytes += bytes
    add(this.#departures, { ms: this.now(), bytes })
  }

  /**
   * The protocol's opening is complete; the last call counts. `after`: bytes that have arrived and belong to what
   * follows the opening.
   */
  opened(after = 0): void {
    this.#opened = {
      ms: this.now(),
      bytes: this.#serverToClientBytes - after,
      clientToServerBytes: this.#clientToServerBytes,
    }
  }

  /** A step that began at `asked` (ms of `now()`) got its answer. */
  answered(asked: number): void {
    if (this.#roundTrips.length < maxEntries) this.#roundTrips.push([asked, this.now()])
  }

  /** Records the first ending; later calls have no effect. */
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
      openedAtClientToServerBytes: opened?.clientToServerBytes ?? null,
      openedAtMs: opened?.ms ?? null,
    }
  }
}

function add(list: Transfer[], transfer: Transfer): void {
  const last = list.at(-1)
  if (list.length < maxEntries || last === undefined) list.push(transfer)
  else list[list.length - 1] = { ms: last.ms, bytes: last.bytes + transfer.bytes }
}
