import { randomBytes } from 'node:crypto'
import type { PlacedCheck, SelectedCatalogue } from '#model/catalogue'
import { UsageError } from '#model/errors'
import { judge } from '#model/judge'
import { reportSchema, summarise } from '#model/result'
import type { Report, Result } from '#model/result'
import { exitCode } from './result/exit-code.ts'
import { watchForLateErrors } from './schedule/late-errors.ts'
import type { Planned } from './select/plan.ts'
import { prepare, resultFor, scheduleOf, slowMs } from './prepare.ts'
import type { Prepared } from './prepare.ts'
import { expectationResults } from './result/expectations.ts'
import { redacted } from './result/redacted.ts'
import { messageOf, round } from './result/result.ts'
import type { PlanOutline, RunHooks, RunSettings } from './settings.ts'
import { stopper } from './stop.ts'
import type { Stopped } from './stop.ts'
import type { RunTools } from './schedule/tools.ts'
import { unmetDeclaredCapabilities } from './result/unmet-capabilities.ts'
import type { Schedule } from './schedule/schedule.ts'

/**
 * Discovers what the targets support, runs the checks that apply, and gives the report. Nothing is printed, and the
 * process is left as it was.
 * @throws UsageError where no selected check is about a target, SetupError where a target cannot be reached or does not
 *   speak its protocol.
 */
export async function executeRun<Kit>(
  tools: RunTools<Kit>,
  catalogue: SelectedCatalogue<Kit>,
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
    const prepared = await prepare(tools, catalogue, settings, hooks.discovering?.bind(hooks))
    const { plan, targets } = prepared
    for (const remark of remarksOn(prepared, settings)) finding(remark)
    hooks.discovered?.(targets)
    const isAborted = plan.length === 0 && settings.signal?.aborted === true
    if (plan.length === 0 && !isAborted)
      throw new UsageError(
        'the selected checks are about other protocols than the targets; give their URLs as well',
      )
    hooks.planned?.(outline(plan))
    const schedule = scheduleOf(tools, prepared, settings, {
      started: (id) => hooks.started?.(id),
      observed: (check, outcome, repeats) => hooks.observed?.(check.id, judge(check.level, outcome), repeats),
      finding,
    })
    const unstop = stopper(settings, () => schedule.stop(), tools.clock)
    await Promise.all([schedule.run(), reportInOrder(schedule, settings, hooks)])
    const stopped = unstop()
    const complete = !isAborted && schedule.entries.every(({ judged }) => judged !== null)
    if (!complete)
      finding(
        stopped === 'time'
          ? 'the time limit (--max-time) was reached before every check was judged'
          : 'the run was stopped before every check was judged',
      )
    // Late errors may have changed what was reported: the model is made from the entries as they are at the end.
    const results = [
      ...schedule.entries.map((entry) => resultFor(entry, settings)).filter((result) => result !== null),
      ...redacted(unmetDeclaredCapabilities(settings, targets, tools.protocols), settings.redactor),
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
          interruptedBy: signalOf(stopped),
          harnessFailed,
        }),
        complete,
        engine: { kind: settings.engine.kind, version: settings.engine.version },
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        findings,
      },
      protocols: tools.protocols.map(({ id, title, shortTitle }) => ({ id, title, shortTitle })),
      targets,
      summary: summarise(results),
      expectations: answers(catalogue, results, settings, prepared),
      results,
    } satisfies Report)
  } finally {
    unwatch()
  }
}

/** What concerns the run as a whole and is known before it starts. */
function remarksOn<Kit>({ environment, broadcasts }: Prepared<Kit>, { engine }: RunSettings): string[] {
  return [
    ...(engine.remarks ?? []),
    ...((environment.slowestMs ?? 0) > slowMs
      ? ['target answers slowly: every wait and every time budget is longer']
      : []),
    ...(broadcasts
      ? ['target passes messages on to other connections: checks that wait for an echo run one at a time']
      : []),
  ]
}

/** Reports each result as soon as it and all before it are final. */
async function reportInOrder<Kit>(
  { entries }: Schedule<Kit>,
  settings: RunSettings,
  hooks: RunHooks,
): Promise<void> {
  for (const entry of entries) {
    await entry.settled
    const result = resultFor(entry, settings)
    if (result !== null) hooks.reported?.(result)
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
  { checks, expectations, selected }: SelectedCatalogue<Kit>,
  results: readonly Result[],
  settings: RunSettings,
  { plan }: Prepared<Kit>,
): Report['expectations'] {
  const scale = {
    selected: new Set(selected.map(({ id }) => id)),
    planned: new Set(plan.map(({ check }) => check.id)),
  }
  return redacted(
    expectationResults(expectations, checks as unknown as PlacedCheck[], results, scale),
    settings.redactor,
  )
}
