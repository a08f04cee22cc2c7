import type { SelectedCatalogue } from '#model/catalogue'
import { closingMs, startAttempt } from './schedule/attempt.ts'
import { tally } from './schedule/repetition.ts'
import { budgets, prepare } from './prepare.ts'
import { redacted } from './result/redacted.ts'
import { resultOf } from './result/result.ts'
import type { RunSettings } from './settings.ts'
import type { RunTools } from './schedule/tools.ts'
import { CheckFailure, failsTest } from './result/check-failure.ts'
import { partiesOf } from '#target/target'

/** A check that applies to a target, ready to be registered as a test of any runner. */
export interface ApplicableCheck {
  readonly id: string
  /** A sentence whose subject is the target. */
  readonly title: string
  readonly level: 'MUST' | 'SHOULD' | 'MAY' | 'INFO'
  /** Why it does not apply, or null. */
  readonly skip: string | null
  /**
   * `run` settles within this time, in ms. To be used as the runner's limit for the test: with a shorter one, such as
   * the 2 s of mocha or the 5 s of vitest, the runner reports its own timeout instead of the verdict.
   */
  readonly timeoutMs: number
  /**
   * Runs it once, by itself. Rejects where a test of it has to fail: a broken MUST, or what could not be judged.
   * Takes no argument, so that no runner takes it for a function with a callback.
   */
  readonly run: () => Promise<void>
}

/** What a runner's limit adds to the time budget of a check and the time for closing its connections, in ms. */
const marginMs = 1000

/** Discovers what the targets support, and gives every selected check, in the order of the catalogue. */
export async function applicableChecks<Kit>(
  tools: RunTools<Kit>,
  catalogue: SelectedCatalogue<Kit>,
  settings: RunSettings,
): Promise<ApplicableCheck[]> {
  const { environment, plan } = await prepare(tools, catalogue, settings)
  const budgetOf = budgets(settings, environment.slowestMs)
  const { targets } = settings
  return plan.map(({ check, notApplicable, target }) => ({
    id: check.id,
    title: check.title,
    level: check.level,
    skip: notApplicable?.reason ?? null,
    timeoutMs: budgetOf(check) + closingMs + marginMs,
    run: async () => {
      const unwatched = {
        opened: () => undefined,
        ended: () => undefined,
        refused: () => undefined,
        late: () => undefined,
      }
      const attempt = await startAttempt(
        check,
        tools,
        { ...environment, ...partiesOf(targets, target) },
        budgetOf(check),
        unwatched,
      ).settled
      const { outcome, evidence, durationMs } = attempt
      const judged = { check, target, outcome, attempts: tally([attempt]), evidence, durationMs }
      const result = redacted(resultOf(judged, settings.command, settings.seed), settings.redactor)
      if (failsTest(result.verdict)) throw new CheckFailure(result)
    },
  }))
}
