import { z } from 'zod'

/** What a check records while it runs, as the report holds it. The types are inferred: nothing is declared twice. */

const actor = z.enum(['harness', 'target', 'proxy'])
const direction = z.enum(['client-to-server', 'server-to-client'])

/** How a connection ended, apart from what was exchanged on it. */
export const endingSchema = z.strictObject({
  by: actor,
  how: z.enum(['close-frame', 'fin', 'rst', 'timeout']),
  /** Close code, when a Close frame carried one. */
  code: z.int().nullable(),
})

/** One line of a transcript. */
export const transcriptEntrySchema = z.strictObject({
  /** Milliseconds since the check began. */
  ms: z.number(),
  from: actor,
  kind: z.enum(['open', 'head', 'frame', 'bytes', 'event', 'end', 'note']),
  note: z.string(),
  /** Bytes in hex, without credentials. It ends in `..` when bytes were left out. */
  hex: z.string().nullable(),
})

/** One of the first connections under a fault, as the embedded engine saw it. Figures differ from run to run. */
const faultLogEntrySchema = z.strictObject({
  /** Number at its proxy in the order of acceptance, from 1: connections without the fault count as well. */
  connection: z.int(),
  /** The first effect of the fault: of which toxic, at which byte of its direction. Null: the link went down. */
  hit: z.strictObject({ toxic: z.string(), direction, byte: z.int(), ms: z.number() }).nullable(),
  /** Null: it was still open when the engine was asked, or the engine has no word for its end. */
  ending: z.strictObject({ by: actor, how: z.enum(['fin', 'rst', 'down', 'refused']) }).nullable(),
  durationMs: z.number(),
  /** Bytes that the proxy passed on. */
  clientToServerBytes: z.int(),
  serverToClientBytes: z.int(),
})

/** A fault that was in force, and how it was proven to have had an effect. */
export const faultRecordSchema = z.strictObject({
  name: z.string(),
  direction: z.enum([...direction.options, 'both']),
  settings: z.record(z.string(), z.number()),
  proof: z.string(),
  /** Notes of the embedded engine; absent with a real Toxiproxy. No verdict depends on it. */
  log: z.exactOptional(z.array(faultLogEntrySchema)),
})

/** What discovery found out about one capability. */
export const capabilityFindingSchema = z.strictObject({
  /** `broken`: half of it works; checks that need it run, and say what is wrong. */
  state: z.enum(['present', 'absent', 'broken']),
  /** One sentence: what was sent, what was received, or which option is missing. */
  evidence: z.string(),
})

export type Ending = Readonly<z.infer<typeof endingSchema>>
export type TranscriptEntry = Readonly<z.infer<typeof transcriptEntrySchema>>
export type FaultLogEntry = Readonly<z.infer<typeof faultLogEntrySchema>>
export type FaultRecord = Readonly<z.infer<typeof faultRecordSchema>>
export type CapabilityFinding = Readonly<z.infer<typeof capabilityFindingSchema>>
