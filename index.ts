import { randomInt } from 'node:crypto'
import type { Report } from './harness/model/result.ts'
import { addressOf } from './harness/peers/session/context.ts'
import type { ApplicableCheck } from './harness/run/applicable.ts'
import { checksOf, run as runCatalogue } from './harness/run/run.ts'
import type { FailOn, RunHooks, RunSettings, Selection } from './harness/run/settings.ts'
import { version } from './harness/run/version.ts'
import { commandFor, conditionWords } from './harness/target/contract/command.ts'
import { parseContract, resolveTargets } from './harness/target/contract/contract.ts'
import type { Contract } from './harness/target/contract/contract.ts'
import { redactorFor } from './harness/target/secrets/redactor.ts'
import { openEngine } from './proxies/driver/open-engine.ts'
import { engineOnDemand } from './proxies/driver/engine-on-demand.ts'
import type { Engine, EngineOptions } from './proxies/types.ts'
import { loadCatalogue } from './suites/index.ts'

export { Inconclusive, SetupError, UsageError, Violation } from './harness/model/errors.ts'
export { judge } from './harness/model/judge.ts'
export { reportSchema } from './harness/model/result.ts'
export type { Outcome } from './harness/model/judge.ts'
export type { Report, Result } from './harness/model/result.ts'
export type { ApplicableCheck } from './harness/run/applicable.ts'
export type { RunHooks, Selection } from './harness/run/settings.ts'
export type { Contract } from './harness/target/contract/contract.ts'

/** What a run is told besides the contract of its target. */
export interface LibraryOptions extends Selection {
  /** What carries the faults: `auto` unless told; see `EngineOptions`. */
  readonly proxy?: EngineOptions['choice']
  /** Where a Toxiproxy is not on this machine's network; see `EngineOptions`. */
  readonly proxyListen?: string
  readonly proxyAdvertise?: string
  readonly proxyUpstream?: string
  /** Checks under observation at once; 16 unless told. */
  readonly jobs?: number
  /** Multiplies every limit; 1 unless told. */
  readonly timeScale?: number
  readonly seed?: number
  readonly maxTimeMs?: number
  readonly failOn?: FailOn
  /** Aborting it gives a partial report. */
  readonly signal?: AbortSignal
}

/**
 * The checks of the targets that the contract names: those that apply, and those that do not, with the reason in
 * `skip`. Register them with any test runner; there is nothing to close.
 *
 * ```ts
 * const list = await checks({ sse: 'http://127.0.0.1:3000/events' })
 * for (const { title, skip, run, timeoutMs } of list) {
 *   if (skip === null) it(title, run).timeout(timeoutMs) // mocha
 *   else it.skip(`${title} (${skip})`)
 * }
 * ```
 * @throws UsageError for a contract that is wrong, SetupError where a target cannot be reached or is none.
 */
export async function checks(contract: Contract, options: LibraryOptions = {}): Promise<ApplicableCheck[]> {
  const runId = freshRunId()
  return checksOf(
    await loadCatalogue(),
    settingsOf(contract, options, engineOnDemand(engineOptions(contract, options, runId)), runId),
  )
}

/**
 * Runs the catalogue against the targets that the contract names, and gives the report. Nothing is printed.
 * @throws UsageError for a contract that is wrong or where nothing matches, SetupError where a target cannot be
 *   reached or is none, EngineError where the engine cannot be had.
 */
export async function run(
  contract: Contract,
  options: LibraryOptions = {},
  hooks: RunHooks = {},
): Promise<Report> {
  const runId = freshRunId()
  const engine = await openEngine(engineOptions(contract, options, runId))
  try {
    return await runCatalogue(await loadCatalogue(), settingsOf(contract, options, engine, runId), hooks)
  } finally {
    await engine.close()
  }
}

function freshRunId(): string {
  return randomInt(0x1_0000_0000).toString(36)
}

function engineOptions(contract: Contract, options: LibraryOptions, runId: string): EngineOptions {
  const { websocket, sse } = resolveTargets(parseContract(contract))
  const targets = [websocket, sse].flatMap((one) => (one === null ? [] : [addressOf(one.url)]))
  const { proxy = 'auto', proxyListen, proxyAdvertise, proxyUpstream, timeScale } = options
  return {
    choice: proxy,
    runId,
    targets,
    ...definedOnly({ proxyListen, proxyAdvertise, proxyUpstream, timeScale }),
  }
}

function settingsOf(given: Contract, options: LibraryOptions, engine: Engine, runId: string): RunSettings {
  const contract = parseContract(given)
  const { only, skip, level, topic, clause, grep, seed, jobs, timeScale, maxTimeMs, failOn, signal } = options
  return {
    ...definedOnly({ jobs, timeScale, maxTimeMs, failOn, signal }),
    targets: resolveTargets(contract),
    engine,
    redactor: redactorFor(contract),
    expects: contract.expects ?? [],
    budgets: contract.budgets ?? {},
    selection: definedOnly({ only, skip, level, topic, clause, grep }),
    seed: seed ?? randomInt(0x1_0000_0000),
    command: commandFor(contract, conditionWords({ ...options, timeoutScale: timeScale })),
    runId,
    version: version(),
  }
}

/** Without the keys that are undefined: `exactOptionalPropertyTypes` tells them from absent ones. */
function definedOnly<Values extends object>(values: Values): Defined<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Defined<Values>
}

type Defined<Values> = { [Key in keyof Values]?: Exclude<Values[Key], undefined> }
