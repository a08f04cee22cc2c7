import { z } from 'zod'
import { specs, topics } from './model.ts'

/**
 * The result model: one declaration gives the types, the validation and the published JSON Schema of `report.json`.
 * What changes from run to run stands in `run`, `expectations[].says`, `measured`, `faults[].log`, `transcript` and
 * `durationMs` alone.
 */

export const verdictSchema = z.enum([
  'pass',
  'fail',
  'warn',
  'notice',
  'not-applicable',
  'blocked',
  'inconclusive',
  'harness-error',
])

const protocol = z.enum(['websocket', 'sse', 'both'])
const findings = z.strictObject({ state: z.enum(['present', 'absent', 'broken']), evidence: z.string() })

export const transcriptEntrySchema = z.strictObject({
  ms: z.number(),
  from: z.enum(['harness', 'target', 'proxy']),
  kind: z.enum(['open', 'head', 'frame', 'bytes', 'event', 'end', 'note']),
  note: z.string(),
  hex: z.string().nullable(),
})

/** What the engine noted of one connection under a fault: see `FaultLogEntry`. */
const faultLogEntrySchema = z.strictObject({
  connection: z.int(),
  hit: z
    .strictObject({
      toxic: z.string(),
      direction: z.enum(['client-to-server', 'server-to-client']),
      byte: z.int(),
      ms: z.number(),
    })
    .nullable(),
  ending: z
    .strictObject({
      by: z.enum(['harness', 'target', 'proxy']),
      how: z.enum(['fin', 'rst', 'down', 'refused']),
    })
    .nullable(),
  durationMs: z.number(),
  clientToServerBytes: z.int(),
  serverToClientBytes: z.int(),
})

export const resultSchema = z.strictObject({
  id: z.string(),
  /** Index into `targets`; null for a check that compares both protocols. */
  target: z.int().nullable(),
  title: z.string(),
  protocol,
  topic: z.enum(topics),
  level: z.enum(['MUST', 'SHOULD', 'MAY', 'INFO']),
  clause: z.strictObject({ spec: z.enum(specs), section: z.string(), url: z.string().nullable() }),
  verdict: verdictSchema,
  overlay: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('flaky'), attempts: z.int(), fails: z.int() }),
      z.strictObject({ kind: z.literal('known'), reason: z.string() }),
    ])
    .nullable(),
  /** Why there is no judgement: the missing capability, the check that it builds on, `fault-not-proven: …`. */
  reason: z.string().nullable(),
  expected: z.string().nullable(),
  actual: z.string().nullable(),
  close: z
    .strictObject({
      by: z.enum(['target', 'harness', 'proxy']),
      how: z.enum(['close-frame', 'fin', 'rst', 'timeout']),
      code: z.int().nullable(),
    })
    .nullable(),
  faults: z.array(
    z.strictObject({
      name: z.string(),
      direction: z.enum(['client-to-server', 'server-to-client', 'both']),
      settings: z.record(z.string(), z.number()),
      proof: z.string(),
      /** Added by the embedded engine; absent with a real Toxiproxy. No verdict depends on it. */
      log: z.array(faultLogEntrySchema).optional(),
    }),
  ),
  measured: z.record(z.string(), z.union([z.number(), z.string()])),
  /** Of a plain pass in brief: its first and last entries. Else as it was kept, which is 200 entries at most. */
  transcript: z.array(transcriptEntrySchema),
  durationMs: z.number(),
  reproduce: z.string(),
  autobahn: z.string().nullable(),
})

export const summarySchema = z.strictObject({
  total: z.int(),
  pass: z.int(),
  fail: z.int(),
  warn: z.int(),
  notice: z.int(),
  notApplicable: z.int(),
  blocked: z.int(),
  inconclusive: z.int(),
  harnessError: z.int(),
  known: z.int(),
  flaky: z.int(),
})

export const expectationSchema = z.strictObject({
  id: z.string(),
  topic: z.string(),
  protocol,
  statement: z.string(),
  status: z.enum(['confirmed', 'refuted', 'partly', 'not-measured']),
  checks: z.array(z.string()),
  needs: z.string().nullable(),
  says: z.string(),
})

export const reportSchema = z.strictObject({
  schemaVersion: z.literal(1),
  tool: z.strictObject({ name: z.literal('streamproof'), version: z.string() }),
  run: z.strictObject({
    id: z.string(),
    startedAt: z.string(),
    durationMs: z.number(),
    seed: z.int(),
    exitCode: z.int(),
    /** False when a signal or the time limit ended the run before every check was judged. */
    complete: z.boolean(),
    shard: z.string().nullable(),
    engine: z.strictObject({ kind: z.enum(['embedded', 'toxiproxy']), version: z.string() }),
    node: z.string(),
    platform: z.string(),
    /** What happened to the run as a whole: the target died, the engine left proxies behind. */
    findings: z.array(z.string()),
  }),
  targets: z.array(
    z.strictObject({
      protocol: z.enum(['websocket', 'sse']),
      /** Without credentials; `reference` for the embedded one. */
      url: z.string(),
      capabilities: z.record(z.string(), findings),
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

const counted = {
  pass: 'pass',
  fail: 'fail',
  warn: 'warn',
  notice: 'notice',
  'not-applicable': 'notApplicable',
  blocked: 'blocked',
  inconclusive: 'inconclusive',
  'harness-error': 'harnessError',
} as const satisfies Record<Result['verdict'], keyof Summary>

/** Counts every verdict, hiding none. */
export function summarise(results: readonly Result[]): Summary {
  const summary: Record<keyof Summary, number> = {
    total: results.length,
    pass: 0,
    fail: 0,
    warn: 0,
    notice: 0,
    notApplicable: 0,
    blocked: 0,
    inconclusive: 0,
    harnessError: 0,
    known: 0,
    flaky: 0,
  }
  for (const result of results) {
    summary[counted[result.verdict]] += 1
    if (result.overlay !== null) summary[result.overlay.kind] += 1
  }
  return summary
}
