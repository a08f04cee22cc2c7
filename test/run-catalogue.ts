import type { Catalogue } from '#model/catalogue'
import type { Report } from '#model/result'
import type { Kit } from '#peers/kit'
import { registry } from '#protocols/index'
import { executeRun } from '#run/execute-run'
import { toolsOf } from '#run/open-run'
import { select } from '#run/select/select'
import type { RunHooks, RunSettings, Selection } from '#run/settings'

/** Settings of a run, with the selection of its checks. */
export interface SelectedRun extends RunSettings {
  readonly selection?: Selection
}

/** Runs the selected checks of the catalogue, with an engine that the caller closes. */
export function runCatalogue(
  catalogue: Catalogue<Kit>,
  { selection = {}, ...settings }: SelectedRun,
  hooks: RunHooks = {},
): Promise<Report> {
  return executeRun(toolsOf(registry), select(catalogue, selection), settings, hooks)
}

/** Targets as a report names them: all by the same name. */
export function namedAs<Target extends { readonly name: string }>(
  name: string,
  targets: readonly Target[],
): Target[] {
  return targets.map((target) => ({ ...target, name }))
}
