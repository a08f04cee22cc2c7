import { randomInt } from 'node:crypto'
import type { SelectedCatalogue } from '#model/catalogue'
import type { Report } from '#model/result'
import { addressOf } from '#common/url'
import { openSession } from '#peers/session/open-session'
import type { Redactor } from '#peers/session/session'
import { openEngine } from '#proxies/driver/open-engine'
import { engineOnDemand } from '#proxies/driver/engine-on-demand'
import type { Engine, EngineOptions } from '#proxies/types'
import { discoverTargets } from '#target/discovery/discover'
import type { ProtocolRegistry } from '#target/protocol'
import { endpointsOf } from '#target/target'
import type { RunTarget } from '#target/target'
import { applicableChecks } from './applicable.ts'
import type { ApplicableCheck } from './applicable.ts'
import { executeRun } from './execute-run.ts'
import { register } from './mocha/registration.ts'
import { prepare } from './prepare.ts'
import type { RunTools } from './schedule/tools.ts'
import type { RunHooks, RunSettings } from './settings.ts'
import { version } from './version.ts'

/** What is run: the protocols, and the selected checks on their targets. */
export interface Runnable<Kit> {
  readonly registry: ProtocolRegistry<Kit>
  readonly catalogue: SelectedCatalogue<Kit>
}

/** Everything that decides a run. The command line, the library and mocha all give it. */
export interface RunConfiguration extends Omit<RunSettings, 'engine' | 'seed' | 'version' | 'redactor'> {
  readonly targets: readonly RunTarget[]
  readonly redactor: Redactor
  /** Drawn where none is given. */
  readonly seed?: number | null
  /** The engine of the faults; see `EngineOptions`. */
  readonly proxy: Omit<EngineOptions, 'runId' | 'targets' | 'timeScale'>
  /** `on-demand`: it runs only while a check uses it, so that nothing has to be closed. `open` by default. */
  readonly engine?: 'open' | 'on-demand'
}

/** A run whose engine is ready. Close it, unless its engine is on demand. */
export interface OpenRun {
  readonly settings: RunSettings
  readonly engine: Engine
  /** Discovers, runs what applies, and gives the report. @throws UsageError, SetupError */
  run(hooks?: RunHooks): Promise<Report>
  /** Discovers, and gives the selected checks for any test runner. @throws UsageError, SetupError */
  checks(): Promise<ApplicableCheck[]>
  /** Discovers, and registers the selected checks with the mocha that is loading. @param dispose runs after the last test. */
  register(dispose: () => Promise<void>): Promise<void>
  /** Closes the engine, and stops what was started for the targets, also by a discovery that was aborted. */
  close(): Promise<void>
}

/**
 * Opens a run: the only place where protocols, checks, targets and engine come together.
 * @throws EngineError where the engine cannot be reached.
 */
export async function openRun<Kit>(
  { registry, catalogue }: Runnable<Kit>,
  configuration: RunConfiguration,
): Promise<OpenRun> {
  const { proxy, engine: wanted = 'open', seed, ...rest } = configuration
  const runId = configuration.runId ?? randomInt(0x1_0000_0000).toString(36).padStart(7, '0')
  const engineOptions: EngineOptions = {
    ...proxy,
    runId,
    targets: endpointsOf(configuration.targets).map(({ url }) => addressOf(url)),
    ...(configuration.timeScale === undefined ? {} : { timeScale: configuration.timeScale }),
  }
  const engine = wanted === 'open' ? await openEngine(engineOptions) : engineOnDemand(engineOptions)
  const settings: RunSettings = {
    ...rest,
    engine,
    runId,
    seed: seed ?? randomInt(0x1_0000_0000),
    version: version(),
  }
  const tools = toolsOf(registry)
  return {
    settings,
    engine,
    run: (hooks = {}) => executeRun(tools, catalogue, settings, hooks),
    checks: () => applicableChecks(tools, catalogue, settings),
    register: async (dispose) =>
      register(tools, await prepare(tools, catalogue, settings), settings, dispose),
    async close() {
      await Promise.all([engine.close(), ...configuration.targets.map((target) => target.close())])
    },
  }
}

/** What the pipeline needs of these protocols. */
export function toolsOf<Kit>(registry: ProtocolRegistry<Kit>): RunTools<Kit> {
  return {
    protocols: registry.protocols,
    openSession: (environment, check) =>
      openSession(environment, check, (context) => registry.openKit(context)),
    discover: (targets, environment, options) => discoverTargets(registry, targets, environment, options),
  }
}
