import { reportSchema } from '../harness/check/result.ts'
import type { Report, Result } from '../harness/check/result.ts'

/**
 * `report.json`: keys in the order of the schema, records sorted, two spaces. What could act where the file is
 * printed, or is refused by strict readers, is written as an escape, so that a parser still reads the same text; a
 * lone surrogate, which no UTF-8 can carry, becomes U+FFFD.
 * @throws when the report does not fit its schema: then this program is wrong.
 */
export function json(report: Report): string {
  const valid = reportSchema.parse(report)
  const ordered: Report = {
    ...valid,
    targets: valid.targets.map((target) => ({ ...target, capabilities: sorted(target.capabilities) })),
    results: valid.results.map(orderedResult),
  }
  const text = JSON.stringify(ordered, (_key, value: unknown) => wellFormed(value), 2)
  return `${text.replace(acting, unicodeEscape)}\n`
}

/** DEL and C1, invisible and bidirectional marks, line separators; none of them stands outside of a string. */
const acting = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu

function unicodeEscape(character: string): string {
  let escaped = ''
  for (let at = 0; at < character.length; at += 1) {
    escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
  }
  return escaped
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return withoutSurrogates(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [withoutSurrogates(key), inner]))
}

function withoutSurrogates(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd')
}

function orderedResult(result: Result): Result {
  return {
    ...result,
    faults: result.faults.map((fault) => ({ ...fault, settings: sorted(fault.settings) })),
    measured: sorted(result.measured),
  }
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
