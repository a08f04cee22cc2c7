import { reportSchema } from '#model/result'
import type { Report, Result } from '#model/result'

/**
 * `report.json`: keys in the order of the schema, records sorted, indented by two spaces, the smallest objects on one
 * line. Characters that could control a terminal, or that strict readers refuse, are written as escapes, so that a parser
 * still reads the same text. A lone surrogate, which UTF-8 cannot encode, becomes U+FFFD.
 * @throws if the report does not match its schema, which is an error in Streamproof.
 */
export function json(report: Report): string {
  const valid = reportSchema.parse(report)
  const ordered: Report = {
    ...valid,
    targets: valid.targets.map((target) => ({ ...target, capabilities: sorted(target.capabilities) })),
    results: valid.results.map(orderedResult),
  }
  return `${serialize(ordered, 0).replace(harmful, unicodeEscape)}\n`
}

/** From this depth on, an object without objects in it is written on one line: an entry of a transcript, a clause. */
const flatFrom = 3

function serialize(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(withoutSurrogates(value))
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const indent = '  '.repeat(depth + 1)
  const close = `\n${'  '.repeat(depth)}`
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => indent + serialize(item, depth + 1))
    return items.length === 0 ? '[]' : `[\n${items.join(',\n')}${close}]`
  }
  const members = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => `${serialize(key, depth)}: ${serialize(inner, depth + 1)}`)
  if (members.length === 0) return '{}'
  const isFlat = depth >= flatFrom && !Object.values(value).some(isNested)
  return isFlat
    ? `{ ${members.join(', ')} }`
    : `{\n${members.map((member) => indent + member).join(',\n')}${close}}`
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** DEL and C1, invisible and bidirectional marks, line separators. They can only be inside strings. */
const harmful = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu

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
