import type { Endpoint } from '#peers/session/endpoint'
import type { Outcome } from '#model/judge'
import type { Evidence } from '#peers/kit'
import type { SessionEnvironment } from '#peers/session/session'
import type { Report } from '#model/result'
import type { TargetDriver } from '#target/drivers/driver'
import type { Clock } from './clock.ts'
import type { DiscoveryOptions } from '#target/discovery/discover'

/** What the scheduler needs of a session. */
export interface SessionOf<Kit> {
  readonly kit: Kit
  evidence(): Evidence
  close(): Promise<void>
}

/** What a run uses of the outside: the peers, discovery, and a driver for each target. */
export interface RunTools<Kit> {
  openSession(environment: SessionEnvironment, checkId: string): SessionOf<Kit>
  /** @param index the position of this target in the list that discovery gives. */
  driver(endpoint: Endpoint, index: number): TargetDriver
  /** Tests pass a clock of their own; by default, that of the system. */
  readonly clock?: Clock
  /** What the targets can, in the order in which the report lists them: websocket, then sse. */
  discover(environment: Environment, options: DiscoveryOptions): Promise<Report['targets']>
}

/** What all sessions of a run share. */
export type Environment = Omit<SessionEnvironment, 'observer'>

export interface ScheduleOptions {
  readonly environment: Environment
  readonly jobs: number
  /** Time budget of a check in ms, scaled. */
  readonly budget: (check: { readonly id: string; readonly budget?: number }) => number
  readonly repeatFailures: boolean
  /** All repetitions together, in ms; 30 seconds by default. */
  readonly repetitionsMs?: number
  readonly started?: (id: string) => void
  readonly observed?: (id: string, outcome: Outcome, repeats: boolean) => void
  readonly finding?: (text: string) => void
}
