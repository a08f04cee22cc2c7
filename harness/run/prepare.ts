import type { Catalogue } from '#model/catalogue'
import type { Report, Result } from '#model/result'
import type { Entry } from './schedule/entry.ts'
import { apart, planChecks } from './select/plan.ts'
import type { Planned } from './select/plan.ts'
import { redacted, resultOf } from './result/result.ts'
import { Schedule } from './schedule/schedule.ts'
import { globExpression, select } from './select/select.ts'
import type { RunSettings } from './settings.ts'
import type { Environment, RunTools, ScheduleOptions } from './schedule/tools.ts'

export const defaultJobs = 16
/** Time budget of a check that names none, in ms. */
export const defaultBudgetMs = 15_000

/** What is added for a slow target at most, in ms. */
const mostForPaceMs = 120_000

/** A run up to where it is known what applies: targets discovered, checks selected, nothing started. */
export interface Prepared<Kit> {
  readonly environment: Environment
  readonly targets: Report['targets']
  /** Empty where the run was aborted before it was known what applies. */
  readonly plan: readonly Planned<Kit>[]
  /** The target passes messages of one connection on to others. */
  readonly broadcasts: boolean
}

/**
 * @throws UsageError where the selection matches nothing, SetupError where a target cannot be reached or is none.
 */
export async function prepare<Kit>(
  tools: RunTools<Kit>,
  catalogue: Catalogue<Kit>,
  settings: RunSettings,
  discovering?: (protocol: 'websocket' | 'sse', url: string) => void,
): Promise<Prepared<Kit>> {
  // What was mistyped is told before anything is asked of a target.
  const checks = select(catalogue.checks, settings.selection ?? {})
  const { targets, engine, redactor, seed, timeScale = 1 } = settings
  const environment = { ...targets, engine, redactor, seed, timeScale }
  let slowestMs = 0
  let broadcasts = false
  const found = await tools.discover(environment, {
    expects: settings.expects ?? [],
    ...(settings.shown === undefined ? {} : { shown: settings.shown }),
    ...(settings.capabilities === undefined ? {} : { known: settings.capabilities }),
    paced: (ms) => (slowestMs = Math.max(slowestMs, ms)),
    broadcasting: () => (broadcasts = true),
    ...(discovering === undefined ? {} : { discovering }),
    ...(settings.signal === undefined ? {} : { signal: settings.signal }),
  })
  const plan = settings.signal?.aborted === true ? [] : planChecks(checks, found)
  return {
    environment: { ...environment, slowestMs },
    targets: redacted(found, redactor),
    plan: broadcasts ? apart(plan) : plan,
    broadcasts,
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
    jobs: settings.jobs ?? defaultJobs,
    budget: budgets(settings, environment.slowestMs),
    repeatFailures: settings.repeatFalls ?? true,
  })
}

/** Steps that a check may take one after another: a target that is slow at each has the time for all of them. */
const steps = 60

/** A target is slow where its slowest answer took longer, in ms. */
export const slowMs = 500

/**
 * The time budget of a check in ms: what the contract says, scaled; else what the check says, or the usual one, scaled,
 * and what a target needs whose slowest answer takes so long.
 */
export function budgets(
  { budgets: given = {}, timeScale = 1 }: RunSettings,
  slowestMs = 0,
): ScheduleOptions['budget'] {
  const pace = Math.min(steps * slowestMs, mostForPaceMs)
  const told = Object.entries(given).map(([pattern, ms]) => ({ expression: globExpression(pattern), ms }))
  return ({ id, budget = defaultBudgetMs }) => {
    const ms = told.find(({ expression }) => expression.test(id))?.ms
    return ms === undefined ? budget * timeScale + pace : ms * timeScale
  }
}

/** The result of an entry as it stands; null where there is no judgement. */
export function resultFor<Kit>({ judged }: Entry<Kit>, settings: RunSettings): Result | null {
  return judged === null
    ? null
    : redacted(resultOf(judged, settings.command, settings.seed), settings.redactor)
}
