import type { Catalogue } from '../check/catalogue.ts'
import type { Report } from '../check/result.ts'
import type { Kit } from '../peers/kit.ts'
import { openSession } from '../peers/open-session.ts'
import { discoverTargets } from '../target/discover.ts'
import { conduct } from './conduct.ts'
import { probe } from '../target/probe.ts'
import type { RunHooks, RunSettings } from './settings.ts'
import type { RunTools } from './tools.ts'

export const realTools: RunTools<Kit> = { openSession, probe, discover: discoverTargets }

/**
 * Discovers what the targets can, observes the checks that apply, and gives the report. Nothing is printed, and the
 * process is left as it was. Aborting `settings.signal` gives a partial report.
 * @throws UsageError where the selection matches nothing, SetupError where a target cannot be reached or is none.
 */
export function run(catalogue: Catalogue<Kit>, settings: RunSettings, hooks: RunHooks = {}): Promise<Report> {
  return conduct(realTools, catalogue, settings, hooks)
}
