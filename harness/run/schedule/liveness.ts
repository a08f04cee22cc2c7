import type { Endpoint } from '#peers/session/endpoint'
import type { Connection } from './attempt.ts'

/** What the pulse needs to see: which direct connections stand, by the protocol of their checks. */
export interface PulseView {
  standing(protocol: Endpoint['protocol']): readonly Connection[]
}

/** A death. `hard`: nobody accepted connections any more. Else every connection ended at once, and somebody accepts. */
export interface Death {
  readonly endpoint: Endpoint
  readonly hard: boolean
}

export const pulseMs = {
  /** A target that outlived a check by this much is not held to have died of it. */
  grace: 200,
  /** How long the target is watched behind a check that is replayed alone. */
  replay: 100,
  /** How long a probe may take. */
  probe: 1000,
  /** Between two probes. */
  between: 20,
  /** How long a dead target may take to come back. */
  recovery: 10_000,
} as const

/** Connections that are opened side by side where it is found out how many a target bears. */
const together = 8

type Probe = (endpoint: Endpoint, withinMs: number) => Promise<boolean>

/** Watches whether the targets live: by the connections of the checks, and by probes where these look bad. */
export class Pulse {
  readonly #endpoints: readonly Endpoint[]
  readonly #probe: Probe
  readonly #view: PulseView
  readonly #changed: () => void
  #recentEnds: { readonly ms: number; readonly owner: object }[] = []
  #recentOpenings: number[] = []
  #softDeaths = 0
  #looking: Promise<void> | null = null
  #death: Death | null = null

  /** Monotonic ms at which every target was last known to accept connections. */
  #aliveAt = new Map<Endpoint, number>()

  constructor(endpoints: readonly Endpoint[], probe: Probe, view: PulseView, changed: () => void) {
    this.#endpoints = endpoints
    this.#probe = probe
    this.#view = view
    this.#changed = changed
  }

  /** A death that has not been dealt with yet. */
  get death(): Death | null {
    return this.#death
  }

  /** True while a probe is under way: nothing should be started. */
  get looking(): boolean {
    return this.#looking !== null
  }

  /** True: every target of this protocol accepted a connection at or after this time. */
  outlived(protocol: Endpoint['protocol'] | 'both', ms: number): boolean {
    return this.#endpoints
      .filter((endpoint) => protocol === 'both' || endpoint.protocol === protocol)
      .every((endpoint) => (this.#aliveAt.get(endpoint) ?? Number.NEGATIVE_INFINITY) >= ms)
  }

  /** A direct connection stands. */
  opened(protocol: Endpoint['protocol'] | 'both'): void {
    this.#recentOpenings = [...this.openings, performance.now()]
    if (protocol === 'both') return
    for (const endpoint of this.#endpoints)
      if (endpoint.protocol === protocol) this.#aliveAt.set(endpoint, performance.now())
  }

  /** When the direct connections of the last second began, in ms. */
  get openings(): readonly number[] {
    const now = performance.now()
    return this.#recentOpenings.filter((ms) => now - ms < 1000)
  }

  /** Opens so many connections to each target, some side by side. False: one of them was refused. */
  async bears(count: number): Promise<boolean> {
    for (let left = count; left > 0; left -= together) {
      const some = Array.from({ length: Math.min(left, together) })
      const all = await Promise.all(
        this.#endpoints.flatMap((endpoint) => some.map(() => this.#accepts(endpoint))),
      )
      if (!all.every(Boolean)) return false
    }
    return true
  }

  /** A direct connection of `owner` was ended by the target without a word. */
  ended(owner: object): void {
    const now = performance.now()
    this.#recentEnds = [...this.#recentEnds.filter(({ ms }) => now - ms < 15), { ms: now, owner }]
    if (new Set(this.#recentEnds.map((end) => end.owner)).size >= 3) this.look(true)
  }

  /** Probes every target, unless that is being done already. */
  look(together = false): void {
    if (this.#looking !== null || this.#death !== null) return
    this.#looking = this.#look(together).finally(() => {
      this.#looking = null
      this.#changed()
    })
  }

  async #look(together: boolean): Promise<void> {
    for (const endpoint of this.#endpoints) {
      const before = performance.now()
      if (await this.#accepts(endpoint)) {
        const lost =
          together &&
          this.#softDeaths < 3 &&
          this.#view.standing(endpoint.protocol).every(({ from }) => from > before - 15)
        if (lost) {
          this.#softDeaths += 1
          this.#death = { endpoint, hard: false }
          return
        }
        continue
      }
      // Refused. Connections that outlive this belong to a target that only takes no more of them.
      await delay(pulseMs.between)
      const standing = this.#view.standing(endpoint.protocol).filter(({ from }) => from < before)
      if (standing.length === 0) {
        this.#death = { endpoint, hard: true }
        return
      }
    }
  }

  /** Looks for this long, again and again. True: the target is alive at the end, and never was not. */
  async survives(forMs: number): Promise<boolean> {
    const until = performance.now() + forMs
    for (;;) {
      const last = performance.now() >= until
      for (const endpoint of this.#endpoints) if (!(await this.#accepts(endpoint))) return false
      if (this.#death?.hard === true) return false
      if (last) return true
      await delay(pulseMs.between)
    }
  }

  /** Waits until every target accepts connections again. False: none did within the limit, or it was stopped. */
  async recovers(withinMs: number, stopped: () => boolean): Promise<boolean> {
    const until = performance.now() + withinMs
    for (;;) {
      const alive = await Promise.all(this.#endpoints.map((endpoint) => this.#accepts(endpoint)))
      if (alive.every(Boolean)) return true
      if (stopped() || performance.now() >= until) return false
      await delay(pulseMs.between)
    }
  }

  /** The death has been dealt with. */
  forget(): void {
    this.#death = null
    this.#recentEnds = []
  }

  /** Waits for a look that is under way. */
  async settled(): Promise<void> {
    await this.#looking
  }

  async #accepts(endpoint: Endpoint): Promise<boolean> {
    const before = performance.now()
    const accepted = await this.#probe(endpoint, pulseMs.probe)
    if (accepted) this.#aliveAt.set(endpoint, Math.max(before, this.#aliveAt.get(endpoint) ?? before))
    return accepted
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
