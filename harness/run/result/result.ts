import { clauseUrl } from '#model/clause'
import { judge } from '#model/judge'
import type { Outcome } from '#model/judge'
import type { PlacedCheck } from '#model/catalogue'
import type { Expectation, Figures } from '#model/expectation'
import { isFlaky } from '#model/result'
import type { ExpectationResult, Result } from '#model/result'
import type { Redactor } from '#peers/session/session'
import { inBrief } from './brief.ts'
import type { Judged } from '#run/schedule/entry'
import { isJudgement } from './exit-code.ts'

/** The result of a check. `command`: the beginning of the command that repeats it. */
export function resultOf<Kit>(judged: Judged<Kit>, command: string, seed: number): Result {
  const { check, outcome, evidence } = judged
  const explanation = explain(outcome)
  const verdict = judge(check.level, outcome)
  const transcript = [...evidence.transcript, ...stackOf(outcome, judged.durationMs)]
  return {
    id: check.id,
    target: judged.target,
    title: check.title,
    protocol: check.protocol,
    role: check.role,
    topic: check.topic,
    level: check.level,
    clause: { ...check.clause, url: clauseUrl(check.clause) },
    verdict,
    attempts: judged.attempts,
    cause: outcome.kind === 'blocked' ? outcome.by : null,
    ...explanation,
    close: evidence.close,
    faults: evidence.faults.map(({ log, ...fault }) => ({
      ...fault,
      settings: { ...fault.settings },
      ...(log === undefined ? {} : { log: [...log] }),
    })),
    measured: { ...evidence.measured },
    transcript: verdict === 'pass' && !isFlaky(judged) ? inBrief(transcript) : transcript,
    durationMs: round(judged.durationMs),
    reproduce: `${command} --only ${check.id} --seed ${seed}`,
    autobahn: check.autobahn ?? null,
  }
}

function explain(outcome: Outcome): Pick<Result, 'reason' | 'enable' | 'expected' | 'actual'> {
  const nothing = { reason: null, enable: null, expected: null, actual: null }
  switch (outcome.kind) {
    case 'held':
      return nothing
    case 'violated':
      return { ...nothing, expected: outcome.violation.expected, actual: outcome.violation.actual }
    case 'not-applicable':
      return { ...nothing, reason: outcome.reason, enable: outcome.enable }
    case 'blocked':
      return { ...nothing, reason: `the prerequisite ${outcome.by} did not pass` }
    case 'inconclusive':
      return { ...nothing, reason: outcome.cause.message }
    case 'crashed':
      return { ...nothing, reason: `an error in Streamproof: ${messageOf(outcome.error)}` }
  }
}

/** The stack of a harness error, as an entry of the transcript: the reason has to be the same text in every run. */
function stackOf(outcome: Outcome, ms: number): Result['transcript'] {
  if (outcome.kind !== 'crashed' || !(outcome.error instanceof Error) || outcome.error.stack === undefined)
    return []
  return [{ ms: round(ms), from: 'harness', kind: 'note', note: outcome.error.stack, hex: null }]
}

export function messageOf(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${error.message}`
    : `a thrown ${typeof error}: ${String(error)}`
}

/** The ids of the checks of a run. */
export interface Scale {
  /** Checks that match the selection. */
  readonly selected: ReadonlySet<string>
  /** Of these, checks for whose protocol the run has a target. */
  readonly planned: ReadonlySet<string>
}

/** The status of every documented expectation, from the results of the checks that name it. */
export function answer(
  expectations: readonly Expectation[],
  checks: readonly PlacedCheck[],
  results: readonly Result[],
  scale: Scale,
): ExpectationResult[] {
  const byId = new Map(results.map((result) => [result.id, result]))
  const figures: Figures = (id, name) => {
    const value = byId.get(id)?.measured[name]
    return typeof value === 'number' ? value : null
  }
  return expectations.map((expectation) => {
    const { id, topic, protocol, statement, needs, beyond = null } = expectation
    const ids = checks.filter((check) => check.expectations?.includes(id)).map((check) => check.id)
    const judged = ids
      .flatMap((checkId) => byId.get(checkId) ?? [])
      .filter(({ verdict }) => isJudgement(verdict))
    const holds = expectation.holds?.(figures)
    const unselected = ids.filter((checkId) => !scale.selected.has(checkId)).length
    const status = statusOf(judged, { beyond, holds, unselected })
    const about = {
      id,
      topic,
      protocol,
      statement,
      status,
      checks: ids,
    }
    if (status === 'not-measured') return { ...about, ...unmeasured(ids, byId, scale, needs) }
    const rest = holds === null && unselected === 0 ? needs : beyond
    const missing = [
      ...(rest === null ? [] : [rest]),
      ...(unselected === 0 ? [] : [unselectedChecks(unselected)]),
    ]
    return {
      ...about,
      // More checks cannot change a refuted statement.
      needs: status === 'refuted' ? rest : missing.join('; and ') || null,
      summary: expectation.summary?.(figures) ?? passedChecks(judged),
    }
  })
}

function statusOf(
  judged: readonly Result[],
  {
    beyond,
    holds,
    unselected,
  }: {
    readonly beyond: string | null
    readonly holds: boolean | null | undefined
    readonly unselected: number
  },
): ExpectationResult['status'] {
  const passed = judged.filter(({ verdict }) => verdict === 'pass').length
  if (judged.length === 0) return 'not-measured'
  if (passed === 0 || holds === false) return 'refuted'
  return passed < judged.length || beyond !== null || holds === null || unselected > 0
    ? 'partly'
    : 'confirmed'
}

/** Why nothing was measured, and what a run needs in order to measure it: null if the selection or the results are why. */
function unmeasured(
  ids: readonly string[],
  byId: ReadonlyMap<string, Result>,
  { selected, planned }: Scale,
  needs: string,
): Pick<ExpectationResult, 'needs' | 'summary'> {
  if (ids.length > 0 && !ids.some((id) => selected.has(id)))
    return { needs: null, summary: 'not selected in this run' }
  const plannedIds = ids.filter((id) => planned.has(id))
  const unselected = ids.filter((id) => !selected.has(id)).length
  if (plannedIds.length === 0) return { needs, summary: 'not measured by this run' }
  if (plannedIds.some((id) => byId.get(id)?.verdict === 'not-applicable')) {
    const either = unselected === 0 ? needs : `${needs}; or ${unselectedChecks(unselected)}`
    return { needs: either, summary: 'not measured by this run' }
  }
  return {
    needs: null,
    summary: plannedIds.some((id) => byId.has(id))
      ? 'not measured by this run: none of its checks could be judged'
      : 'not measured by this run, which ended before its checks',
  }
}

function unselectedChecks(count: number): string {
  return count === 1 ? 'a check that was not selected' : `${count} checks that were not selected`
}

function passedChecks(judged: readonly Result[]): string {
  const passed = judged.filter(({ verdict }) => verdict === 'pass').length
  return judged.length === 1
    ? `its check ${passed === 1 ? 'passed' : 'failed'}`
    : `${passed} of its ${judged.length} checks passed`
}

/** Members with words of Streamproof alone. A secret may have the same text, as in `?transport=websocket`. */
const membersWithoutSecrets: ReadonlySet<string> = new Set([
  'by',
  'direction',
  'from',
  'how',
  'id',
  'kind',
  'level',
  'spec',
  'state',
  'status',
  'topic',
  'protocol',
  'verdict',
])

/** A model with every secret removed from its texts: the last step before anything leaves a run. */
export function redacted<T>(model: T, redactor: Redactor): T {
  if (typeof model === 'string') return redactor.text(model) as T
  if (Array.isArray(model)) return model.map((item: unknown) => redacted(item, redactor)) as T
  if (typeof model !== 'object' || model === null) return model
  return Object.fromEntries(
    Object.entries(model).map(([key, value]) => [
      key,
      typeof value === 'string' && membersWithoutSecrets.has(key)
        ? value
        : redacted(value as unknown, redactor),
    ]),
  ) as T
}

/** Milliseconds with one decimal place. */
export function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
