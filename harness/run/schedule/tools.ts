import type { Outcome } from '#model/judge'
import type { Level } from '#model/model'
import type { ProtocolFacts } from '#model/protocol'
import type { Evidence } from '#peers/kit'
import type { SessionCheck, SessionEnvironment } from '#peers/session/session'
import type { Discovery, DiscoveryOptions } from '#target/discovery/discover'
import type { RunTarget } from '#target/target'
import type { Clock } from './clock.ts'

/** What the scheduler needs of a session. */
export interface SessionOf<Kit> {
  readonly kit: Kit
  evidence(): Evidence
  close(): Promise<void>
}

/** What a run needs from outside: the protocols, sessions and discovery. */
export interface RunTools<Kit> {
  readonly protocols: readonly ProtocolFacts[]
  openSession(environment: SessionEnvironment, check: SessionCheck): SessionOf<Kit>
  discover(
    targets: readonly RunTarget[],
    environment: Environment,
    options: DiscoveryOptions,
  ): Promise<Discovery>
  /** Tests pass a clock of their own; by default, that of the system. */
  readonly clock?: Clock
}

/** What all sessions of a run share. */
export type Environment = Omit<SessionEnvironment, 'observer' | 'endpoints' | 'client'>

export interface ScheduleOptions {
  readonly environment: Environment
  /** In the order of the report. */
  readonly targets: readonly RunTarget[]
  readonly jobs: number
  /** Time budget of a check in ms, scaled. */
  readonly budget: (check: { readonly id: string; readonly budget?: number }) => number
  readonly repeatFailures: boolean
  /** All repetitions together, in ms; 30 seconds by default. */
  readonly repetitionsMs?: number
  readonly started?: (id: string) => void
  readonly observed?: (
    check: { readonly id: string; readonly level: Level },
    outcome: Outcome,
    repeats: boolean,
  ) => void
  readonly finding?: (text: string) => void
}
