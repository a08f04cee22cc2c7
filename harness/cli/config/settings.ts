import { randomInt } from 'node:crypto'
import type { Engine } from '#proxies/types'
import type { RunSettings, Selection } from '#run/settings'
import type { CommandInput, Configuration } from './configuration.ts'
import type { Options } from './options.ts'
import { repeatCommand } from '#cli/output/repeat'
import type { Subject } from './subject.ts'
import { version } from '#run/version'

/** The checks that the options select. */
export function selectionOf({ only, skip, level, topic, clause }: Options): Selection {
  return { only, skip, level, topic, clause }
}

/** The settings of a run, from the configuration and what was opened for it. Without `--seed` a random one is used. */
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
    readonly env: CommandInput['env']
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
