import { reportSchema } from '#model/result'
import type { Report, Result } from '#model/result'

/**
 * `report.json`: keys in the order of the schema, records sorted, two spaces, the smallest objects
 * on one line. What could act where the file is
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
  return `${written(ordered, 0).replace(acting, unicodeEscape)}\n`
}

/** From this depth on, an object that holds no other is written on one line: an entry of a transcript, a clause. */
const flatFrom = 3

function written(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(withoutSurrogates(value))
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const indent = '  '.repeat(depth + 1)
  const close = `\n${'  '.repeat(depth)}`
  if (Array.isArray(value)) {
    const items = value.map((one: unknown) => indent + written(one, depth + 1))
    return items.length === 0 ? '[]' : `[\n${items.join(',\n')}${close}]`
  }
  const members = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => `${written(key, depth)}: ${written(inner, depth + 1)}`)
  if (members.length === 0) return '{}'
  const isFlat = depth >= flatFrom && !Object.values(value).some(isNested)
  return isFlat
    ? `{ ${members.join(', ')} }`
    : `{\n${members.map((member) => indent + member).join(',\n')}${close}}`
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null
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
