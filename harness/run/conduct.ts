import { randomBytes } from 'node:crypto'
import type { Catalogue, PlacedCheck } from '../check/catalogue.ts'
import { judge } from '../check/judge.ts'
import { reportSchema, summarise } from '../check/result.ts'
import type { Report, Result } from '../check/result.ts'
import { UsageError } from '../check/errors.ts'
import { exitCode } from './exit-code.ts'
import { watchForLateErrors } from './late.ts'
import { planChecks } from './plan.ts'
import { answer, messageOf, redacted, resultOf, round } from './result.ts'
import { Schedule } from './schedule.ts'
import { globExpression, select } from './select.ts'
import { stopper } from './stop.ts'
import type { RunHooks, RunSettings } from './settings.ts'
import type { RunTools } from './tools.ts'
import { undeclared } from './undeclared.ts'
import { walk } from './walk.ts'

export const defaultJobs = 16
/** Time budget of a check that names none, in ms. */
export const defaultBudgetMs = 15_000

/**
 * Discovers what the targets can, observes the checks that apply, and gives the report. Nothing is printed, and the
 * process is left as it was.
 * @throws UsageError where the selection matches nothing, SetupError where a target cannot be reached or is none.
 */
export async function conduct<Kit>(
  tools: RunTools<Kit>,
  catalogue: Catalogue<Kit>,
  settings: RunSettings,
  hooks: RunHooks,
): Promise<Report> {
  const began = { ms: performance.now(), at: new Date() }
  const checks = select(catalogue.checks, settings.selection ?? {})
  const { targets, engine, redactor, seed, timeScale = 1 } = settings
  const findings: string[] = []
  let harnessFailed = false
  const finding = (text: string): void => {
    findings.push(redactor.text(text))
    hooks.finding?.(redactor.text(text))
  }
  const unwatch = watchForLateErrors((error) => {
    harnessFailed = true
    finding(`an error of this tool that belongs to no check: ${messageOf(error)}`)
  })
  try {
    const environment = { ...targets, engine, redactor, seed, timeScale }
    const found = redacted(
      await tools.discover(environment, {
        expects: settings.expects ?? [],
        ...(settings.shown === undefined ? {} : { shown: settings.shown }),
        ...(settings.capabilities === undefined ? {} : { known: settings.capabilities }),
        discovering: (transport, url) => hooks.discovering?.(transport, url),
      }),
      redactor,
    )
    hooks.discovered?.(found)
    const plan = planChecks(checks, found)
    if (plan.length === 0)
      throw new UsageError('no check of the given transport matched: give its URL as well')
    const applicable = plan.filter(({ notApplicable }) => notApplicable === null)
    hooks.planned?.({
      total: plan.length,
      applicable: applicable.length,
      notApplicable: plan.length - applicable.length,
      exclusive: applicable.filter(({ check }) => check.exclusive !== undefined).length,
    })
    const schedule = new Schedule(plan, tools, {
      environment,
      jobs: settings.jobs ?? defaultJobs,
      budget: budgets(settings, timeScale),
      repeatFalls: settings.repeatFalls ?? true,
      started: (id) => hooks.started?.(id),
      observed: (id, outcome, repeats) => {
        const check = plan.find((one) => one.check.id === id)?.check
        if (check !== undefined) hooks.observed?.(id, judge(check.level, outcome), repeats)
      },
      finding,
    })
    const resultFor = (entry: (typeof schedule.entries)[number]): Result | null =>
      entry.judged === null ? null : redacted(resultOf(entry.judged, settings.command, seed), redactor)
    const unstop = stopper(settings, () => schedule.stop())
    const observed = schedule.run()
    const walked = schedule.entries.map((entry, index) => ({
      check: entry.check as unknown as PlacedCheck,
      notApplicable: plan[index]?.notApplicable ?? null,
      result: entry.settled.then(() => resultFor(entry)),
    }))
    await Promise.all([observed, walk(walked, (result) => hooks.reported?.(result))])
    const why = unstop()
    // Late errors may have changed what was reported: the model is made from what stands at the end.
    const results = [
      ...schedule.entries.map(resultFor).filter((result) => result !== null),
      ...redacted(undeclared(settings, found), redactor),
    ]
    const unjudged = schedule.entries.filter((entry) => entry.judged === null).length
    if (unjudged > 0)
      finding(
        `${why === 'time' ? '--max-time was spent' : 'the run was stopped'} before every check was judged`,
      )
    const report: Report = {
      schemaVersion: 1,
      tool: { name: 'streamproof', version: settings.version },
      run: {
        id: settings.runId ?? randomBytes(6).toString('hex'),
        startedAt: began.at.toISOString(),
        durationMs: round(performance.now() - began.ms),
        seed,
        exitCode: exitCode(results, {
          failOn: settings.failOn ?? 'must',
          interruptedBy: typeof why === 'object' && why !== null ? why.signal : null,
          harnessFailed,
        }),
        complete: unjudged === 0,
        shard: null,
        engine: { kind: engine.kind, version: engine.version },
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        findings,
      },
      targets: found,
      summary: summarise(results),
      expectations: redacted(
        answer(catalogue.expectations, catalogue.checks as unknown as PlacedCheck[], results),
        redactor,
      ),
      results,
    }
    return reportSchema.parse(report)
  } finally {
    unwatch()
  }
}

/** The time budget of a check: what the contract says, else the check, else the usual one; scaled. */
function budgets(
  settings: RunSettings,
  timeScale: number,
): (check: { readonly id: string; readonly budget?: number }) => number {
  const told = Object.entries(settings.budgets ?? {}).map(([pattern, ms]) => ({
    expression: globExpression(pattern),
    ms,
  }))
  return ({ id, budget = defaultBudgetMs }) =>
    (told.find(({ expression }) => expression.test(id))?.ms ?? budget) * timeScale
}
