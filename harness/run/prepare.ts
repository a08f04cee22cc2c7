import type { SelectedCatalogue } from '#model/catalogue'
import type { Report, Result } from '#model/result'
import type { Entry } from './schedule/entry.ts'
import { planChecks, serializeEchoChecks } from './select/plan.ts'
import type { Planned } from './select/plan.ts'
import { redacted } from './result/redacted.ts'
import { resultOf } from './result/result.ts'
import { Schedule } from './schedule/schedule.ts'
import { globExpression } from './select/select.ts'
import type { RunHooks, RunSettings } from './settings.ts'
import type { Environment, RunTools, ScheduleOptions } from './schedule/tools.ts'

const defaultJobs = 16
/** Time budget of a check that names none, in ms. */
export const defaultBudgetMs = 15_000

/** The most that is added for a slow target, in ms. */
const mostForPaceMs = 120_000

/** A run before it starts: targets discovered, checks selected, nothing run yet. */
export interface Prepared<Kit> {
  readonly environment: Environment
  readonly targets: Report['targets']
  /** Empty where the run was aborted before it was known what applies. */
  readonly plan: readonly Planned<Kit>[]
  /** The target passes messages of one connection on to others. */
  readonly broadcasts: boolean
}

/**
 * @throws SetupError where a target cannot be reached or does not speak its protocol.
 */
export async function prepare<Kit>(
  tools: RunTools<Kit>,
  { selected }: SelectedCatalogue<Kit>,
  settings: RunSettings,
  discovering?: RunHooks['discovering'],
): Promise<Prepared<Kit>> {
  const { targets, engine, redactor, seed, timeScale = 1, signal } = settings
  const environment = { engine, redactor, seed, timeScale }
  const found = await tools.discover(targets, environment, {
    expects: settings.expects ?? [],
    ...(settings.capabilities === undefined ? {} : { known: settings.capabilities }),
    discovering: ({ protocol, name }) => discovering?.(protocol, name),
    ...(signal === undefined ? {} : { signal }),
  })
  const plan = signal?.aborted === true ? [] : planChecks(selected, found.targets, tools.protocols)
  return {
    environment: { ...environment, slowestMs: found.slowestMs },
    targets: redacted(found.targets, redactor),
    plan: found.broadcasts ? serializeEchoChecks(plan, tools.protocols) : plan,
    broadcasts: found.broadcasts,
  }
}

/** The scheduler of a prepared run. Nothing starts before `run()`. */
export function scheduleOf<Kit>(
  tools: RunTools<Kit>,
  { environment, plan }: Pick<Prepared<Kit>, 'environment' | 'plan'>,
  settings: RunSettings,
  hooks: Pick<ScheduleOptions, 'started' | 'observed' | 'finding'> = {},
): Schedule<Kit> {
  return new Schedule(plan, tools, {
    ...hooks,
    environment,
    targets: settings.targets,
    jobs: settings.jobs ?? defaultJobs,
    budget: budgets(settings, environment.slowestMs),
    repeatFailures: settings.repeatFailures ?? true,
  })
}

/** Steps that a check may take in sequence: a target that is slow at each of them gets the time for all. */
const steps = 60

/** A target is slow if its slowest answer took longer than this, in ms. */
export const slowMs = 500

/**
 * The time budget of a check in ms, scaled: the contract's if it names one, otherwise the check's own or the default, and
 * in addition what a target with such a slowest answer needs.
 */
export function budgets(
  { budgets: given = {}, timeScale = 1 }: RunSettings,
  slowestMs = 0,
): ScheduleOptions['budget'] {
  const pace = Math.min(steps * slowestMs, mostForPaceMs)
  const named = Object.entries(given).map(([pattern, ms]) => ({ expression: globExpression(pattern), ms }))
  return ({ id, budget = defaultBudgetMs }) => {
    const ms = named.find(({ expression }) => expression.test(id))?.ms
    return ms === undefined ? budget * timeScale + pace : ms * timeScale
  }
}

/** The current result of an entry; null if it has no verdict. */
export function resultFor<Kit>({ judged }: Entry<Kit>, settings: RunSettings): Result | null {
  return judged === null
    ? null
    : redacted(resultOf(judged, settings.command, settings.seed), settings.redactor)
}
