import { clauseUrl } from '#model/clause'
import { judge } from '#model/judge'
import type { Outcome } from '#model/judge'
import type { PlacedCheck } from '#model/catalogue'
import type { Expectation, Figures } from '#model/expectation'
import { isFlaky } from '#model/result'
import type { ExpectationResult, Result } from '#model/result'
import type { Redactor } from '#peers/session/session'
import { inBrief } from './brief.ts'
import { howToEnable } from './enable.ts'
import type { Judged } from '#run/schedule/entry'
import { isJudgement } from './exit-code.ts'
import { reportedProtocol } from './protocols.ts'

/** Makes the result of a check. `command`: the start of what repeats it. */
export function resultOf<Kit>(judged: Judged<Kit>, command: string, seed: number): Result {
  const { check, outcome, evidence } = judged
  const explanation = explain(outcome)
  const verdict = judge(check.level, outcome)
  const transcript = [...evidence.transcript, ...stackOf(outcome, judged.durationMs)]
  return {
    id: check.id,
    target: judged.target,
    title: check.title,
    protocol: reportedProtocol(check.protocol),
    role: 'server',
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
      return { ...nothing, reason: outcome.reason, enable: howToEnable(outcome.reason) }
    case 'blocked':
      return { ...nothing, reason: `the prerequisite ${outcome.by} did not pass` }
    case 'inconclusive':
      return { ...nothing, reason: outcome.cause.message }
    case 'crashed':
      return { ...nothing, reason: `an error of this tool: ${messageOf(outcome.error)}` }
  }
}

/** Where an error of ours came from; paths and lines are no matter of the reason, which is the same in each run. */
function stackOf(outcome: Outcome, ms: number): Result['transcript'] {
  if (outcome.kind !== 'crashed' || !(outcome.error instanceof Error) || outcome.error.stack === undefined)
    return []
  return [{ ms: round(ms), from: 'harness', kind: 'note', note: outcome.error.stack, hex: null }]
}

export function messageOf(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${error.message}`
    : `${typeof error} was thrown: ${String(error)}`
}

/** Which checks a run set out to observe, by id. */
export interface Scale {
  /** What the selection wants. */
  readonly selected: ReadonlySet<string>
  /** Of these, what its targets are of the protocol for. */
  readonly planned: ReadonlySet<string>
}

/** Answers every documented statement from the checks that name it. */
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
    const own = checks.filter((check) => check.expectations?.includes(id)).map((check) => check.id)
    const judged = own.flatMap((one) => byId.get(one) ?? []).filter(({ verdict }) => isJudgement(verdict))
    const borneOut = expectation.holds?.(figures)
    const leftOut = own.filter((one) => !scale.selected.has(one)).length
    const status = statusOf(judged, { beyond, borneOut, leftOut })
    const about = {
      id,
      topic,
      protocol: reportedProtocol(protocol),
      statement,
      status,
      checks: own,
    }
    if (status === 'not-measured') return { ...about, ...unmeasured(own, byId, scale, needs) }
    const rest = borneOut === null && leftOut === 0 ? needs : beyond
    const wants = [...(rest === null ? [] : [rest]), ...(leftOut === 0 ? [] : [unselected(leftOut)])]
    return {
      ...about,
      // A statement that is refuted already gains nothing by more of its checks.
      needs: status === 'refuted' ? rest : wants.join('; and ') || null,
      summary: expectation.summary?.(figures) ?? counted(judged),
    }
  })
}

function statusOf(
  judged: readonly Result[],
  of: {
    readonly beyond: string | null
    readonly borneOut: boolean | null | undefined
    readonly leftOut: number
  },
): ExpectationResult['status'] {
  const passed = judged.filter(({ verdict }) => verdict === 'pass').length
  if (judged.length === 0) return 'not-measured'
  if (passed === 0 || of.borneOut === false) return 'refuted'
  return passed < judged.length || of.beyond !== null || of.borneOut === null || of.leftOut > 0
    ? 'partly'
    : 'confirmed'
}

/** Why nothing was measured. Something is needed only where what there is does not do. */
function unmeasured(
  own: readonly string[],
  byId: ReadonlyMap<string, Result>,
  { selected, planned }: Scale,
  needs: string,
): Pick<ExpectationResult, 'needs' | 'summary'> {
  if (own.length > 0 && !own.some((id) => selected.has(id)))
    return { needs: null, summary: 'not selected in this run' }
  const due = own.filter((id) => planned.has(id))
  const leftOut = own.filter((id) => !selected.has(id)).length
  if (due.length === 0) return { needs, summary: 'not measured by this run' }
  if (due.some((id) => byId.get(id)?.verdict === 'not-applicable')) {
    const either = leftOut === 0 ? needs : `${needs}; or ${unselected(leftOut)}`
    return { needs: either, summary: 'not measured by this run' }
  }
  return {
    needs: null,
    summary: due.some((id) => byId.has(id))
      ? 'not measured by this run: the checks of it came to no judgement'
      : 'not measured by this run: it ended before the checks of it',
  }
}

function unselected(count: number): string {
  return count === 1 ? 'a check that was not selected' : `${count} checks that were not selected`
}

function counted(judged: readonly Result[]): string {
  const passed = judged.filter(({ verdict }) => verdict === 'pass').length
  return `${passed} of ${judged.length} ${judged.length === 1 ? 'check that measures' : 'checks that measure'} it passed`
}

/** Members that hold words of ours alone: a secret may by chance be one of them, as in `?transport=websocket`. */
const ownWords: ReadonlySet<string> = new Set([
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

/** The last look at what leaves the run: every text of a model without secrets. */
export function redacted<T>(model: T, redactor: Redactor): T {
  if (typeof model === 'string') return redactor.text(model) as T
  if (Array.isArray(model)) return model.map((one: unknown) => redacted(one, redactor)) as T
  if (typeof model !== 'object' || model === null) return model
  return Object.fromEntries(
    Object.entries(model).map(([key, value]) => [
      key,
      typeof value === 'string' && ownWords.has(key) ? value : redacted(value as unknown, redactor),
    ]),
  ) as T
}

export function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
