import type { Result } from '#model/result'
import { cut } from '#reports/escape/visible'
import { hexDump, hexLines } from './hex.ts'
import { clauseLabel } from './sections.ts'
import {
  endingText,
  faultLogText,
  faultText,
  flakyText,
  milliseconds,
  senderLegend,
  senderSigns,
} from './words.ts'
import type { Sender } from './words.ts'

/** One result as plain lines. The fields hold what the target sent: the format that prints them escapes each line. */
export interface DetailLimits {
  /** Characters of one field. */
  readonly field: number
  /** Entries of a transcript: the first half and the last half of them; 0 for none. */
  readonly entries: number
  /** Bytes of one entry. */
  readonly bytes: number
  /** Bytes per row; 16 by default. */
  readonly perRow?: number
}

export const defaultLimits: DetailLimits = { field: 2000, entries: 60, bytes: 96 }

export type Fact = readonly [name: string, value: string]

/** Name and value, in the order in which a reader looks for them. */
export function factsOf(result: Result, field: number): readonly Fact[] {
  const facts: (readonly [name: string, value: string | null])[] = [
    ['expected', result.expected],
    ['actual', result.actual],
    ['reason', result.reason],
    ['ended', result.close === null ? null : endingText(result.close)],
    ['flaky', flakyText(result)],
    ...result.faults.flatMap((fault): Fact[] => [
      ['fault', faultText(fault)],
      ['proof', fault.proof],
      ...(fault.log ?? []).map((entry): Fact => ['engine', faultLogText(entry)]),
    ]),
    ...Object.entries(result.measured)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]): Fact => ['measured', `${name} = ${value}`]),
  ]
  return facts.flatMap(([name, value]) => (value === null ? [] : [[name, cut(value, field)] as const]))
}

export interface TranscriptLine {
  /** `0.4 ms`; empty for the line that says how many entries were left out. */
  readonly time: string
  /** Null for the line that says how many entries were left out. */
  readonly from: Sender | null
  /** The sign of the sender; a space if there is none. */
  readonly sign: string
  readonly note: string
  /** Rows of bytes with their ASCII characters. */
  readonly hex: readonly string[]
}

export function transcriptOf(result: Result, limits: DetailLimits): readonly TranscriptLine[] {
  const entries = result.transcript
  if (limits.entries === 0) return []
  const half = Math.ceil(limits.entries / 2)
  const leftOut = entries.length - 2 * half
  const shown = leftOut > 0 ? [...entries.slice(0, half), ...entries.slice(-half)] : entries
  const lines = shown.map((entry) => ({
    time: milliseconds(entry.ms),
    from: entry.from,
    sign: senderSigns[entry.from],
    note: cut(entry.note, limits.field),
    hex: entry.hex === null ? [] : hexLines(hexDump(entry.hex, limits.bytes, limits.perRow)),
  }))
  if (leftOut <= 0) return lines
  const gap = {
    time: '',
    from: null,
    sign: ' ',
    note: `… ${leftOut} entries left out; report.json has them`,
    hex: [],
  }
  return [...lines.slice(0, half), gap, ...lines.slice(half)]
}

/** Everything about a result, for a block of plain text. */
export function detailLines(result: Result, limits: DetailLimits): readonly string[] {
  const { clause } = result
  const lines = [
    result.title,
    `${'clause'.padEnd(9)} ${result.level} ${clauseLabel(clause)}${clause.url === null ? '' : ` ${clause.url}`}`,
    ...factsOf(result, limits.field).map(([name, value]) => `${name.padEnd(9)} ${value}`),
  ]
  const transcript = transcriptOf(result, limits)
  if (transcript.length > 0) lines.push(`transcript   ${senderLegend}`)
  for (const { time, sign, note, hex } of transcript) {
    lines.push(`${time.padStart(12)} ${sign} ${note}`)
    lines.push(...hex.map((row) => `${' '.repeat(15)}${row}`))
  }
  lines.push(`${'repeat'.padEnd(9)} ${result.reproduce}`)
  return lines
}
