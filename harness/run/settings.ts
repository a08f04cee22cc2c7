import type { Capability, Verdict } from '#model/model'
import type { Report, Result } from '#model/result'
import type { Endpoint } from '#peers/session/endpoint'
import type { Redactor } from '#peers/session/session'
import type { Engine } from '#proxies/types'
import type { Targets } from '#target/contract/contract'
import type { KnownCapabilities } from '#target/discovery/discover'

/** All that a run is told. Whoever fills this in opens the engine before and closes it after. */
export interface RunSettings {
  /** What the contract was resolved to; at least one of the two is not null. */
  readonly targets: Targets
  /** How the targets are named in the report; `reference` for the embedded ones. Null: the redacted URL. */
  readonly shown?: { readonly websocket: string | null; readonly sse: string | null }
  readonly engine: Engine
  /** Takes credentials out of all that is recorded: `redactorFor(contract)`. */
  readonly redactor: Redactor
  /** Capabilities that the contract declares: one that discovery cannot prove is a fail. */
  readonly expects?: readonly Capability[]
  readonly selection?: Selection
  /** Checks under observation at once, while they are not `exclusive`. 16 unless told. */
  readonly jobs?: number
  /** Multiplies every limit. 1 unless told. */
  readonly timeScale?: number
  /** Nonces and random bytes follow from the seed and the check's id. */
  readonly seed: number
  /** The whole run, in ms; what is not judged by then is left out, and the report is not complete. */
  readonly maxTimeMs?: number | null
  /** Aborting stops the run and gives a partial report. Its reason may be 'SIGINT', 'SIGHUP' or 'SIGTERM'. */
  readonly signal?: AbortSignal
  readonly failOn?: FailOn
  /** Time budgets in ms by check id or glob, before the time scale: `contract.budgets`. */
  readonly budgets?: Readonly<Record<string, number>>
  /** False: a check that fell is not repeated alone. For the proof by mutants, where a fall is what is wanted. */
  readonly repeatFalls?: boolean
  /** Skips discovery: capabilities as they are known already, by protocol. */
  readonly capabilities?: KnownCapabilities
  /** Start of the command that repeats a check, without secrets: `commandFor(contract)`. */
  readonly command: string
  /** Also part of the proxies' names; random unless told. */
  readonly runId?: string
  readonly version: string
}

export type FailOn = 'must' | 'should' | 'never'

/** Which checks are wanted. Empty lists want everything. A check has to match every list that is not empty. */
export interface Selection {
  /** Ids, or globs over ids; see `globExpression`. */
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  readonly level?: readonly string[]
  readonly topic?: readonly string[]
  /** `RFC6455/5.5`, which takes in `RFC6455/5.5.1`; or `RFC6455`. */
  readonly clause?: readonly string[]
  /** Matched against the full title, as mocha's `--grep`. */
  readonly grep?: RegExp
}

/** What a run tells while it is under way. Calls are synchronous, and in the order of events. */
export interface RunHooks {
  /** Discovery begins for this target. */
  discovering?(protocol: Endpoint['protocol'], url: string): void
  discovered?(targets: Report['targets']): void
  planned?(plan: PlanOutline): void
  started?(id: string): void
  /** A first judgement, in the order of observation; `repeats`: it will be looked at again, alone. */
  observed?(id: string, verdict: Verdict, repeats: boolean): void
  /** A final result, in the order of the catalogue. */
  reported?(result: Result): void
  /** Something that befell the run as a whole: the target died, it refuses connections, it is back. */
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
