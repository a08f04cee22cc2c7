import type { ConnectionRecord } from './attempt.ts'

export const livenessMs = {
  /** Connections dropped within this time were dropped together: a crashing process resets all its sockets at once. */
  together: 15,
  /** A target that accepts connections this long after a check has survived it; most crashes take less. */
  grace: 200,
  /** For this long the openings of connections are remembered, to ask later whether their number was too high. */
  openings: 1000,
} as const

/** Checks whose connections must be dropped together before a restart is suspected: two may be chance. */
const checksDroppedTogether = 3

/** Suspected restarts per run. A target that often closes connections together does so on purpose. */
const suspectedRestarts = 3

/** A crash that the monitor has found. */
export interface DetectedCrash {
  /** Index of the target. */
  readonly target: number
  /** `down`: it accepts no connection. `restarted`: it accepts them, but has dropped all that were open. */
  readonly kind: 'down' | 'restarted'
  /** What the driver knows about it: `exited with status 134`. */
  readonly cause: string | null
}

/** The answer of a target that was asked whether it is alive. */
export interface Probe {
  readonly target: number
  readonly askedAt: number
  readonly alive: boolean
  /** It was asked because connections were dropped together. */
  readonly afterDrops: boolean
  /** The crash that its driver knows of. */
  readonly cause: string | null
  /** The direct connections to it that are still open, a moment after a negative answer. */
  readonly open: readonly Pick<ConnectionRecord, 'openedAt'>[]
}

/**
 * Finds crashes of targets by what happens to connections and by what probes answer. Asks nothing and waits for nothing
 * itself; all times are those of a monotonic clock in ms.
 */
export class LivenessMonitor {
  readonly #targets: readonly number[]
  readonly #aliveAt = new Map<number, number>()
  #drops: { readonly at: number; readonly check: object }[] = []
  #openings: number[] = []
  #suspectedRestarts = 0
  #crash: DetectedCrash | null = null

  /** @param targets the indexes of all targets of the run. */
  constructor(targets: readonly number[]) {
    this.#targets = targets
  }

  /** A crash that nobody has dealt with yet. */
  get crash(): DetectedCrash | null {
    return this.#crash
  }

  /** True: this target, or each of them for null, was alive at this time or later. */
  aliveSince(target: number | null, ms: number): boolean {
    return this.#targets
      .filter((index) => target === null || target === index)
      .every((index) => (this.#aliveAt.get(index) ?? Number.NEGATIVE_INFINITY) >= ms)
  }

  /** Direct connections that were opened within the last second. */
  recentOpenings(now: number): number {
    return this.#openings.filter((at) => now - at < livenessMs.openings).length
  }

  /** A direct connection to this target was opened; null: to one of them, it is not known which. */
  connectionOpened(target: number | null, now: number): void {
    this.#openings = [...this.#openings.filter((at) => now - at < livenessMs.openings), now]
    if (target !== null) this.answered(target, now)
  }

  /**
   * The target dropped a connection of this check that it had kept open for a while.
   * @returns true if so many were dropped together that the targets should be probed.
   */
  connectionDropped(check: object, now: number): boolean {
    this.#drops = [...this.#drops.filter(({ at }) => now - at < livenessMs.together), { at: now, check }]
    return new Set(this.#drops.map((drop) => drop.check)).size >= checksDroppedTogether
  }

  /** The target was alive when it was asked at this time. */
  answered(target: number, askedAt: number): void {
    this.#aliveAt.set(target, Math.max(askedAt, this.#aliveAt.get(target) ?? askedAt))
  }

  /** Takes the answer to a probe, and returns the crash that it shows, if it does. */
  probed({ target, askedAt, alive, afterDrops, cause, open }: Probe): DetectedCrash | null {
    if (alive) {
      this.answered(target, askedAt)
      const allDropped = open.every(({ openedAt }) => openedAt > askedAt - livenessMs.together)
      if (!afterDrops || !allDropped || this.#suspectedRestarts >= suspectedRestarts) return null
      this.#suspectedRestarts += 1
      return (this.#crash = { target, kind: 'restarted', cause })
    }
    // A target that keeps its old connections open is up; it only accepts no further ones.
    const keepsConnections = open.some(({ openedAt }) => openedAt < askedAt)
    if (cause === null && keepsConnections) return null
    return (this.#crash = { target, kind: 'down', cause })
  }

  /** The crash has been dealt with. */
  reset(): void {
    this.#crash = null
    this.#drops = []
  }
}
