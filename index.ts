import type { Report } from './harness/model/result.ts'
import {
  commandFor,
  parseContract,
  redactorFor,
  registry,
  resolveTargets,
} from './harness/protocols/index.ts'
import type { Contract } from './harness/protocols/index.ts'
import type { ApplicableCheck } from './harness/run/applicable.ts'
import { openRun } from './harness/run/open-run.ts'
import type { OpenRun } from './harness/run/open-run.ts'
import { select } from './harness/run/select/select.ts'
import type { FailOn, RunHooks, Selection } from './harness/run/settings.ts'
import { conditionWords } from './harness/target/contract/command.ts'
import type { EngineOptions } from './proxies/types.ts'
import { loadCatalogue } from './suites/index.ts'

export { Inconclusive, SetupError, UsageError, Violation } from './harness/model/errors.ts'
export { judge } from './harness/model/judge.ts'
export { reportSchema } from './harness/model/result.ts'
export type { Outcome } from './harness/model/judge.ts'
export type { Report, Result } from './harness/model/result.ts'
export type { ApplicableCheck } from './harness/run/applicable.ts'
export type { RunHooks, Selection } from './harness/run/settings.ts'
export type { Contract } from './harness/protocols/index.ts'

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
  return (await open(contract, options, 'on-demand')).checks()
}

/**
 * Runs the catalogue against the targets that the contract names, and gives the report. Nothing is printed.
 * @throws UsageError for a contract that is wrong or where nothing matches, SetupError where a target cannot be
 *   reached or does not speak its protocol, EngineError where the engine cannot be reached.
 */
export async function run(
  contract: Contract,
  options: LibraryOptions = {},
  hooks: RunHooks = {},
): Promise<Report> {
  const opened = await open(contract, options, 'open')
  try {
    return await opened.run(hooks)
  } finally {
    await opened.close()
  }
}

async function open(
  given: Contract,
  options: LibraryOptions,
  engine: 'open' | 'on-demand',
): Promise<OpenRun> {
  const contract = parseContract(given)
  const { only, skip, level, topic, clause, grep, seed, jobs, timeScale, maxTimeMs, failOn, signal } = options
  const { proxy = 'auto', proxyListen, proxyAdvertise, proxyUpstream } = options
  const selection = definedOnly({ only, skip, level, topic, clause, grep })
  return openRun(
    { registry, catalogue: select(await loadCatalogue(), selection) },
    {
      ...definedOnly({ seed, jobs, timeScale, maxTimeMs, failOn, signal }),
      targets: resolveTargets(contract),
      redactor: redactorFor(contract),
      expects: contract.expects ?? [],
      budgets: contract.budgets ?? {},
      command: commandFor(contract, conditionWords({ ...options, timeoutScale: timeScale })),
      proxy: { choice: proxy, ...definedOnly({ proxyListen, proxyAdvertise, proxyUpstream }) },
      engine,
    },
  )
}

/** Without the keys that are undefined: `exactOptionalPropertyTypes` tells them from absent ones. */
function definedOnly<Values extends object>(values: Values): Defined<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Defined<Values>
}

type Defined<Values> = { [Key in keyof Values]?: Exclude<Values[Key], undefined> }
