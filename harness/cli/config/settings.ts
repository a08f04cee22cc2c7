import { randomInt } from 'node:crypto'
import type { Engine } from '#proxies/types'
import type { RunSettings, Selection } from '#run/settings'
import type { Configuration, Given } from './configuration.ts'
import type { Options } from './options.ts'
import { repeatCommand } from '#cli/output/repeat'
import type { Subject } from './subject.ts'
import { version } from '#run/version'

/** Which checks the options want. */
export function selectionOf({ only, skip, level, topic, clause }: Options): Selection {
  return { only, skip, level, topic, clause }
}

/** What a run is told, from what the user said and what was opened. A seed is drawn where none was given. */
export function settingsFrom(
  configuration: Configuration,
  subject: Subject,
  {
    engine,
    runId,
    signal,
    env,
  }: {
    readonly engine: Engine
    readonly runId: string
    readonly signal?: AbortSignal
    readonly env: Given['env']
  },
): RunSettings {
  const { options, contract } = configuration
  return {
    targets: subject.targets,
    shown: subject.shown,
    engine,
    redactor: subject.redactor,
    expects: contract.expects ?? [],
    budgets: contract.budgets ?? {},
    selection: selectionOf(options),
    jobs: options.jobs,
    timeScale: options.timeoutScale,
    seed: options.seed ?? randomInt(0x1_0000_0000),
    maxTimeMs: options.maxTime,
    ...(signal === undefined ? {} : { signal }),
    failOn: options.failOn,
    command: repeatCommand(configuration, env),
    runId,
    version: version(),
  }
}
