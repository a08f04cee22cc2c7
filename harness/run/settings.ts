import type { Verdict } from '#model/model'
import type { Report, Result } from '#model/result'
import type { Redactor } from '#peers/session/session'
import type { Engine } from '#proxies/types'
import type { KnownCapabilities } from '#target/discovery/discover'
import type { RunTarget } from '#target/target'

/** Everything that decides how a run goes. The owner of the engine opens it before the run and closes it after. */
export interface RunSettings {
  /** At least one; in the order of the report. */
  readonly targets: readonly RunTarget[]
  readonly engine: Engine
  /** Takes credentials out of everything that is recorded: `redactorFor(contract)`. */
  readonly redactor: Redactor
  /** Capabilities that the contract declares: one that discovery cannot prove is a failure. */
  readonly expects?: readonly string[]
  /** Checks that run at once, while they are not `exclusive`. 16 by default. */
  readonly jobs?: number
  /** Multiplies every limit. 1 by default. */
  readonly timeScale?: number
  /** Nonces and random bytes follow from the seed and the check's id. */
  readonly seed: number
  /** Limit of the whole run, in ms; what is not judged by then is left out, and the report is not complete. */
  readonly maxTimeMs?: number | null
  /** Aborting stops the run and gives a partial report. Its reason may be 'SIGINT', 'SIGHUP' or 'SIGTERM'. */
  readonly signal?: AbortSignal
  readonly failOn?: FailOn
  /** Time budgets in ms by check id or glob, before the time scale: `contract.budgets`. */
  readonly budgets?: Readonly<Record<string, number>>
  /** False: a failed check is not repeated alone. For the proof by mutants, where failures are wanted. */
  readonly repeatFailures?: boolean
  /** Capabilities as they are known already, by protocol: discovery is skipped. */
  readonly capabilities?: KnownCapabilities
  /** Start of the command that repeats a check, without credentials: `commandFor(contract)`. */
  readonly command: string
  /** Also part of the proxies' names; random by default. */
  readonly runId?: string
  readonly version: string
}

export type FailOn = 'must' | 'should' | 'never'

/** Which checks to run. An empty list selects everything. A check has to match every list that is not empty. */
export interface Selection {
  /** Ids, or globs over ids: `*` matches within a part, `**` across parts. */
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  readonly level?: readonly string[]
  readonly topic?: readonly string[]
  /** `RFC6455/5.5`, which includes `RFC6455/5.5.1`; or `RFC6455`. */
  readonly clause?: readonly string[]
  /** Matched against the full title, as mocha's `--grep`. */
  readonly grep?: RegExp
}

/** What a run reports while it is under way. Calls are synchronous, and in the order of events. */
export interface RunHooks {
  /** Discovery of a target begins. @param name the target as reports show it. */
  discovering?(protocol: string, name: string): void
  discovered?(targets: Report['targets']): void
  planned?(plan: PlanOutline): void
  started?(id: string): void
  /** A first verdict, in the order of observation; `repeats`: the check will be repeated alone. */
  observed?(id: string, verdict: Verdict, repeats: boolean): void
  /** A final result, in the order of the catalogue. */
  reported?(result: Result): void
  /** Something that concerns the run as a whole: the target crashed, it refuses connections, it is back. */
  finding?(text: string): void
}

export interface PlanOutline {
  readonly total: number
  /** Checks that will be observed. */
  readonly applicable: number
  readonly notApplicable: number
  /** Of the applicable: those that run alone. */
  readonly exclusive: number
}
