import type { Catalogue } from '#model/catalogue'
import type { Report } from '#model/result'
import type { Kit } from '#peers/kit'
import { openSession } from '#peers/session/open-session'
import { discoverTargets } from '#target/discovery/discover'
import { UrlDriver } from '#target/drivers/url-driver'
import { applicableChecks } from './applicable.ts'
import type { ApplicableCheck } from './applicable.ts'
import { conduct } from './conduct.ts'
import { register } from './mocha/registration.ts'
import { prepare } from './prepare.ts'
import type { RunHooks, RunSettings } from './settings.ts'
import type { RunTools } from './schedule/tools.ts'

const tools: RunTools<Kit> = {
  openSession,
  driver: ({ protocol, url }, index) => new UrlDriver({ index, protocol }, url),
  discover: discoverTargets,
}

/**
 * Discovers what the targets can, observes the checks that apply, and gives the report. Nothing is printed, and the
 * process is left as it was. Aborting `settings.signal` gives a partial report.
 * @throws UsageError where the selection matches nothing, SetupError where a target cannot be reached or is none.
 */
export function run(catalogue: Catalogue<Kit>, settings: RunSettings, hooks: RunHooks = {}): Promise<Report> {
  return conduct(tools, catalogue, settings, hooks)
}

/** The checks that a selection names, each with a function that runs it and the reason why it does not apply. */
export function checksOf(catalogue: Catalogue<Kit>, settings: RunSettings): Promise<ApplicableCheck[]> {
  return applicableChecks(tools, catalogue, settings)
}

/**
 * Discovers, and registers every check with the mocha that is loading this file. The file that mocha requires calls
 * `begin` in its `mochaGlobalSetup`, and `end` in its `mochaGlobalTeardown` (both of `mocha-registration.ts`).
 * @param dispose closes the engine, and whatever else was opened for this run.
 */
export async function registerRun(
  catalogue: Catalogue<Kit>,
  settings: RunSettings,
  dispose: () => Promise<void>,
): Promise<void> {
  register(tools, await prepare(tools, catalogue, settings), settings, dispose)
}
