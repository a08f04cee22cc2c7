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

/** The options of a run, besides the contract that describes its targets. */
export interface LibraryOptions extends Selection {
  /** What injects faults; `auto` by default. See `EngineOptions`. */
  readonly proxy?: EngineOptions['choice']
  /** For a Toxiproxy in a container or on another host; see `EngineOptions`. */
  readonly proxyListen?: string
  readonly proxyAdvertise?: string
  readonly proxyUpstream?: string
  /** Number of checks that run at the same time; 16 by default. */
  readonly jobs?: number
  /** Multiplies every timeout; 1 by default. */
  readonly timeScale?: number
  /** Seed of the random bytes that checks send; a new one by default. */
  readonly seed?: number
  /** Stops the run after this time, in ms. The report then has the checks that were judged by then. */
  readonly maxTimeMs?: number
  readonly failOn?: FailOn
  /** Stops the run when it is aborted; the report is then partial. */
  readonly signal?: AbortSignal
}

/**
 * Discovers what the targets of the contract support, and resolves with their checks. `skip` is the reason why a check
 * does not apply, or null. Register the checks with any test runner; there is nothing to close.
 *
 * ```ts
 * const list = await checks({ sse: 'http://127.0.0.1:3000/events' })
 * for (const { title, skip, run, timeoutMs } of list) {
 *   if (skip === null) it(title, run).timeout(timeoutMs) // mocha
 *   else it.skip(`${title} (${skip})`)
 * }
 * ```
 * @throws UsageError for an invalid contract or selection, SetupError if a target cannot be reached or does not speak its protocol.
 */
export async function checks(contract: Contract, options: LibraryOptions = {}): Promise<ApplicableCheck[]> {
  return (await open(contract, options, 'on-demand')).checks()
}

/**
 * Tests the targets of the contract as the command line does, and resolves with the report. Prints nothing.
 * @throws UsageError for an invalid contract or a selection without checks, SetupError if a target cannot be reached or
 *   does not speak its protocol, EngineError if the proxy engine cannot be started or reached.
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

/** Removes the keys that are undefined, which `exactOptionalPropertyTypes` distinguishes from absent ones. */
function definedOnly<Values extends object>(values: Values): Defined<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Defined<Values>
}

type Defined<Values> = { [Key in keyof Values]?: Exclude<Values[Key], undefined> }
