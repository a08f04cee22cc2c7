import { z } from 'zod'
import {
  capabilityFindingSchema,
  endingSchema,
  faultRecordSchema,
  transcriptEntrySchema,
} from './evidence.ts'
import { levels, roles, specs, topics, verdicts } from './model.ts'
import type { Verdict } from './model.ts'

/**
 * The result model: one declaration gives the types, the validation and the published JSON Schema of `report.json`.
 * What changes from run to run is under `run`, `expectations[].summary`, `measured`, `faults[].log`, `transcript` and
 * `durationMs` alone.
 */

/** How often a check could be judged. Its result is flaky if only some of the attempts failed. */
const attemptsSchema = z.strictObject({
  /** Attempts that passed or failed; 0 if the check was never judged. Others (inconclusive ones) do not count. */
  total: z.int(),
  /** Of these, attempts in which the target broke the requirement. */
  failed: z.int(),
})

export const resultSchema = z.strictObject({
  id: z.string(),
  /** Index into `targets`; null for a check that compares protocols. */
  target: z.int().nullable(),
  title: z.string(),
  /** Id of a protocol in `protocols`; null for a check that compares protocols. */
  protocol: z.string().nullable(),
  /** Role of the target that the requirement is about. */
  role: z.enum(roles),
  topic: z.enum(topics),
  level: z.enum(levels),
  clause: z.strictObject({ spec: z.enum(specs), section: z.string(), url: z.string().nullable() }),
  verdict: z.enum(verdicts),
  attempts: attemptsSchema,
  /** Id of the prerequisite that blocked the check. */
  cause: z.string().nullable(),
  /** Why there is no judgement: the missing capability, the prerequisite, `fault-not-proven: …`. */
  reason: z.string().nullable(),
  /** What would make a check apply that is not applicable: an option, a key of the config file, or a property of the target. */
  enable: z.string().nullable(),
  expected: z.string().nullable(),
  actual: z.string().nullable(),
  close: endingSchema.nullable(),
  faults: z.array(faultRecordSchema),
  measured: z.record(z.string(), z.union([z.number(), z.string()])),
  /** The first and last entries if the check passed at once; otherwise all that were kept, at most 200. */
  transcript: z.array(transcriptEntrySchema),
  durationMs: z.number(),
  /** A command that runs this check again, without credentials. */
  reproduce: z.string(),
  autobahn: z.string().nullable(),
})

const summarySchema = z.strictObject({
  total: z.int(),
  pass: z.int(),
  fail: z.int(),
  warn: z.int(),
  notice: z.int(),
  notApplicable: z.int(),
  blocked: z.int(),
  inconclusive: z.int(),
  harnessError: z.int(),
  flaky: z.int(),
})

/** How a run answers a documented expectation. */
export const expectationStatuses = ['confirmed', 'refuted', 'partly', 'not-measured'] as const

const expectationSchema = z.strictObject({
  id: z.string(),
  topic: z.string(),
  /** Id of a protocol in `protocols`; null for a statement that compares protocols. */
  protocol: z.string().nullable(),
  statement: z.string(),
  status: z.enum(expectationStatuses),
  /** Ids of the checks that measure it. */
  checks: z.array(z.string()),
  /** What a run needs in order to measure the rest of it; null if nothing. */
  needs: z.string().nullable(),
  /** One sentence with the figures of this run, or why there are none. */
  summary: z.string(),
})

export const reportSchema = z.strictObject({
  schemaVersion: z.literal(2),
  tool: z.strictObject({ name: z.literal('streamproof'), version: z.string() }),
  run: z.strictObject({
    id: z.string(),
    startedAt: z.string(),
    durationMs: z.number(),
    seed: z.int(),
    exitCode: z.int(),
    /** False when a signal or the time limit ended the run before every check was judged. */
    complete: z.boolean(),
    engine: z.strictObject({ kind: z.enum(['embedded', 'toxiproxy']), version: z.string() }),
    node: z.string(),
    platform: z.string(),
    /** What happened to the run as a whole: the target crashed, the engine left proxies open. */
    findings: z.array(z.string()),
  }),
  /** The protocols that this report is about, in the order in which it shows them. */
  protocols: z.array(
    z.strictObject({
      id: z.string(),
      /** As a reader knows it: `Server-Sent Events`. */
      title: z.string(),
      /** For a narrow column: `SSE`. */
      shortTitle: z.string(),
    }),
  ),
  targets: z.array(
    z.strictObject({
      role: resultSchema.shape.role,
      /** Id of a protocol in `protocols`. */
      protocol: z.string(),
      /** Without credentials; `reference` for the embedded one. */
      url: z.string(),
      capabilities: z.record(z.string(), capabilityFindingSchema),
    }),
  ),
  summary: summarySchema,
  expectations: z.array(expectationSchema),
  results: z.array(resultSchema),
})

export type Report = z.infer<typeof reportSchema>
export type Result = z.infer<typeof resultSchema>
export type Summary = z.infer<typeof summarySchema>
export type ExpectationResult = z.infer<typeof expectationSchema>

/** The JSON Schema of `report.json`, as shipped in the package. */
export function reportJsonSchema(): object {
  return z.toJSONSchema(reportSchema, { target: 'draft-7' })
}

/** The key of each verdict in a summary. */
export const summaryKeys = {
  pass: 'pass',
  fail: 'fail',
  warn: 'warn',
  notice: 'notice',
  'not-applicable': 'notApplicable',
  blocked: 'blocked',
  inconclusive: 'inconclusive',
  'harness-error': 'harnessError',
} as const satisfies Record<Verdict, keyof Summary>

/** Counts every verdict, hiding none. */
export function summarise(results: readonly Result[]): Summary {
  const summary = { total: results.length, flaky: results.filter(isFlaky).length } as Summary
  for (const verdict of verdicts)
    summary[summaryKeys[verdict]] = results.filter((result) => result.verdict === verdict).length
  return summary
}

/** True if some attempts at the check failed and others passed. */
export function isFlaky({ attempts }: Pick<Result, 'attempts'>): boolean {
  return attempts.failed > 0 && attempts.failed < attempts.total
}
