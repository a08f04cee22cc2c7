import type { Result } from '#model/result'
import { cut } from '#reports/escape/visible'
import { hexDump, hexLines } from './hex.ts'
import { endingName, faultName, logEntry, flakyText, milliseconds, senders } from './words.ts'

/** One result as plain lines; fields are as the target sent them, so the format that prints them escapes each line. */
export interface DetailLimits {
  /** Characters of one field. */
  readonly field: number
  /** Lines of a transcript: the first half and the last half of it; 0 for none. */
  readonly entries: number
  /** Bytes of one entry. */
  readonly bytes: number
  /** Bytes to a row; 16 unless told. */
  readonly perRow?: number
}

export const ordinary: DetailLimits = { field: 2000, entries: 60, bytes: 96 }

/** Name and value, in the order in which a reader asks for them. */
export function factsOf(result: Result, field: number): readonly (readonly [name: string, value: string])[] {
  const facts: [string, string | null][] = [
    ['expected', result.expected],
    ['actual', result.actual],
    ['reason', result.reason],
    ['ended', result.close === null ? null : endingName(result.close)],
    ['flaky', flakyText(result)],
  ]
  for (const fault of result.faults) {
    facts.push(['fault', faultName(fault)], ['proof', fault.proof])
    for (const entry of fault.log ?? []) facts.push(['engine', logEntry(entry)])
  }
  const measured = Object.entries(result.measured).toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, value] of measured) facts.push(['measured', `${name} = ${value}`])
  return facts.flatMap(([name, value]) => (value === null ? [] : [[name, cut(value, field)] as const]))
}

export interface TranscriptLine {
  /** `0.4 ms`; empty for the line that says how many were left out. */
  readonly time: string
  /** Null for the line that says how many were left out. */
  readonly from: 'harness' | 'target' | 'proxy' | null
  /** `>` from us, `<` from the target, `=` from the link. */
  readonly sign: string
  readonly note: string
  /** Rows of bytes, with their ASCII beside. */
  readonly hex: readonly string[]
}

export function transcriptOf(result: Result, limits: DetailLimits): readonly TranscriptLine[] {
  const entries = result.transcript
  if (limits.entries === 0) return []
  const half = Math.ceil(limits.entries / 2)
  const left = entries.length - 2 * half
  const shown = left > 0 ? [...entries.slice(0, half), ...entries.slice(-half)] : entries
  const lines = shown.map((entry) => ({
    time: milliseconds(entry.ms),
    from: entry.from,
    sign: senders[entry.from],
    note: cut(entry.note, limits.field),
    hex: entry.hex === null ? [] : hexLines(hexDump(entry.hex, limits.bytes, limits.perRow)),
  }))
  if (left <= 0) return lines
  const gap = {
    time: '',
    from: null,
    sign: ' ',
    note: `… ${left} entries left out; report.json has them`,
    hex: [],
  }
  return [...lines.slice(0, half), gap, ...lines.slice(half)]
}

/** Everything about a result, for a block of plain text. */
export function detailLines(result: Result, limits: DetailLimits): readonly string[] {
  const clause = `${result.clause.spec}/${result.clause.section}`
  const lines = [
    result.title,
    `${'clause'.padEnd(9)} ${result.level} ${clause}${result.clause.url === null ? '' : ` ${result.clause.url}`}`,
    ...factsOf(result, limits.field).map(([name, value]) => `${name.padEnd(9)} ${value}`),
  ]
  const transcript = transcriptOf(result, limits)
  if (transcript.length > 0) lines.push('transcript')
  for (const { time, sign, note, hex } of transcript) {
    lines.push(`${time.padStart(12)} ${sign} ${note}`)
    lines.push(...hex.map((row) => `${' '.repeat(15)}${row}`))
  }
  lines.push(`${'repeat'.padEnd(9)} ${result.reproduce}`)
  return lines
}
