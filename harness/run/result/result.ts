import { clauseUrl } from '#model/clause'
import { judge } from '#model/judge'
import type { Outcome } from '#model/judge'
import { isFlaky } from '#model/result'
import type { Result } from '#model/result'
import { inBrief } from './brief.ts'
import type { Judged } from '#run/schedule/entry'

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

/** Milliseconds with one decimal place. */
export function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
