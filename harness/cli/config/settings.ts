import { repeatCommand } from '#cli/output/repeat'
import type { RunConfiguration } from '#run/open-run'
import type { Selection } from '#run/settings'
import type { CommandInput, Configuration } from './configuration.ts'
import { proxyOptions } from './link.ts'
import type { Product } from '#cli/product'
import type { Options } from './options.ts'
import type { Subject } from './subject.ts'

/** The checks that the options select. */
export function selectionOf({ only, skip, level, topic, clause }: Options): Selection {
  return { only, skip, level, topic, clause }
}

/** Everything that decides a run: the configuration, and what was opened for it. */
export function runConfiguration(
  configuration: Configuration,
  subject: Subject,
  {
    env,
    protocols,
    signal,
  }: {
    readonly env: CommandInput['env']
    readonly protocols: Product['protocols']
    readonly signal?: AbortSignal
  },
): RunConfiguration {
  const { options, contract } = configuration
  return {
    targets: subject.targets,
    redactor: subject.redactor,
    expects: contract.expects ?? [],
    budgets: contract.budgets ?? {},
    jobs: options.jobs,
    timeScale: options.timeoutScale,
    seed: options.seed,
    maxTimeMs: options.maxTime,
    ...(signal === undefined ? {} : { signal }),
    failOn: options.failOn,
    command: repeatCommand(configuration, env, protocols),
    proxy: proxyOptions(options, env),
  }
}
