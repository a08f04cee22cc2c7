import { randomBytes } from 'node:crypto'
import type { Catalogue, PlacedCheck } from '#model/catalogue'
import { UsageError } from '#model/errors'
import { judge } from '#model/judge'
import { reportSchema, summarise } from '#model/result'
import type { Report, Result } from '#model/result'
import { exitCode } from './result/exit-code.ts'
import { watchForLateErrors } from './schedule/late-errors.ts'
import type { Planned } from './select/plan.ts'
import { prepare, resultFor, scheduleOf, slowMs } from './prepare.ts'
import { reportedProtocols } from './result/protocols.ts'
import { answer, messageOf, redacted, round } from './result/result.ts'
import { select } from './select/select.ts'
import type { PlanOutline, RunHooks, RunSettings } from './settings.ts'
import { stopper } from './stop.ts'
import type { Stopped } from './stop.ts'
import type { RunTools } from './schedule/tools.ts'
import { undeclared } from './result/undeclared.ts'
import { walk } from './mocha/walk.ts'

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
  const findings: string[] = []
  const finding = (text: string): void => {
    findings.push(settings.redactor.text(text))
    hooks.finding?.(settings.redactor.text(text))
  }
  let harnessFailed = false
  const unwatch = watchForLateErrors((error) => {
    harnessFailed = true
    finding(`an error in Streamproof that belongs to no check: ${messageOf(error)}`)
  })
  try {
    const prepared = await prepare(tools, catalogue, settings, (protocol, url) =>
      hooks.discovering?.(protocol, url),
    )
    const { plan, targets } = prepared
    for (const remark of settings.engine.remarks ?? []) finding(remark)
    if ((prepared.environment.slowestMs ?? 0) > slowMs)
      finding('the target answers slowly: every wait and every time budget is longer for it')
    if (prepared.broadcasts)
      finding(
        'the target passes messages on to other connections: checks that wait for an echo run one by one',
      )
    hooks.discovered?.(targets)
    const isAborted = plan.length === 0 && settings.signal?.aborted === true
    if (plan.length === 0 && !isAborted)
      throw new UsageError('no check of the given protocol matched: give its URL as well')
    hooks.planned?.(outline(plan))
    const levels = new Map(plan.map(({ check }) => [check.id, check.level]))
    const schedule = scheduleOf(tools, prepared, settings, {
      started: (id) => hooks.started?.(id),
      observed: (id, outcome, repeats) =>
        hooks.observed?.(id, judge(levels.get(id) ?? 'MUST', outcome), repeats),
      finding,
    })
    const unstop = stopper(settings, () => schedule.stop())
    const walked = schedule.entries.map((entry, index) => ({
      check: entry.check as unknown as PlacedCheck,
      notApplicable: plan[index]?.notApplicable ?? null,
      result: entry.settled.then(() => resultFor(entry, settings)),
    }))
    await Promise.all([schedule.run(), walk(walked, (result) => hooks.reported?.(result))])
    const why = unstop()
    const unjudged = schedule.entries.filter(({ judged }) => judged === null).length
    if (unjudged > 0 || isAborted)
      finding(
        `${why === 'time' ? 'the time limit (--max-time) was reached' : 'the run was stopped'} before every check was judged`,
      )
    // Late errors may have changed what was reported: the model is made from what stands at the end.
    const results = [
      ...schedule.entries.map((entry) => resultFor(entry, settings)).filter((result) => result !== null),
      ...redacted(undeclared(settings, targets), settings.redactor),
    ]
    return reportSchema.parse({
      schemaVersion: 2,
      tool: { name: 'streamproof', version: settings.version },
      run: {
        id: settings.runId ?? randomBytes(6).toString('hex'),
        startedAt: began.at.toISOString(),
        durationMs: round(performance.now() - began.ms),
        seed: settings.seed,
        exitCode: exitCode(results, {
          failOn: settings.failOn ?? 'must',
          interruptedBy: signalOf(why),
          harnessFailed,
        }),
        complete: unjudged === 0 && !isAborted,
        engine: { kind: settings.engine.kind, version: settings.engine.version },
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        findings,
      },
      protocols: reportedProtocols,
      targets,
      summary: summarise(results),
      expectations: answers(catalogue, results, settings, plan),
      results,
    } satisfies Report)
  } finally {
    unwatch()
  }
}

function outline<Kit>(plan: readonly Planned<Kit>[]): PlanOutline {
  const applicable = plan.filter(({ notApplicable }) => notApplicable === null)
  return {
    total: plan.length,
    applicable: applicable.length,
    notApplicable: plan.length - applicable.length,
    exclusive: applicable.filter(({ check }) => check.exclusive !== undefined).length,
  }
}

function signalOf(why: Stopped): string | null {
  return typeof why === 'object' && why !== null ? why.signal : null
}

function answers<Kit>(
  catalogue: Catalogue<Kit>,
  results: readonly Result[],
  settings: RunSettings,
  plan: readonly Planned<Kit>[],
): Report['expectations'] {
  const checks = catalogue.checks as unknown as PlacedCheck[]
  const scale = {
    selected: new Set(select(catalogue.checks, settings.selection ?? {}).map(({ id }) => id)),
    planned: new Set(plan.map(({ check }) => check.id)),
  }
  return redacted(answer(catalogue.expectations, checks, results, scale), settings.redactor)
}
