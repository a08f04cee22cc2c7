import { topics } from '#model/model'
import type { ExpectationResult, Report, Result, Summary } from '#model/result'
import { summarise } from '#model/result'
import { capabilityNames, turnsOn } from './capabilities.ts'
import { inOrder, placeOf } from './sections.ts'
import type { Place } from './sections.ts'
import { protocolTitle } from './words.ts'

/** The report as a reader goes through it; every text format is written from these views. */

/** Results of one topic and protocol; of the protocol topic, those of one section of its standard. */
export interface Group {
  readonly topic: Result['topic']
  /** Null: checks that compare protocols. */
  readonly protocol: string | null
  /** `RFC 6455 5.5`; null for a topic other than protocol. */
  readonly label: string | null
  /** `Control Frames`, `WebSocket`. */
  readonly title: string
  readonly results: readonly Result[]
  readonly counts: Summary
}

/** Topics in the order of the documented comparison, the protocol last; each by protocol, in the order of the text. */
export function groupsOf(report: Report): readonly Group[] {
  const groups: Group[] = []
  for (const topic of topics) {
    for (const protocol of protocolsOf(report)) {
      const results = report.results.filter((one) => one.topic === topic && one.protocol === protocol)
      if (topic === 'protocol') groups.push(...bySection(protocol, results))
      else if (results.length > 0)
        groups.push(group(topic, protocol, null, protocolTitle(report, protocol), results))
    }
  }
  return groups
}

/** Every protocol in the order of the report, then null for what compares them. */
export function protocolsOf({ protocols }: Report): readonly (string | null)[] {
  return [...protocols.map(({ id }) => id), null]
}

function bySection(protocol: string | null, results: readonly Result[]): Group[] {
  const sections = new Map<string, { readonly place: Place; readonly results: Result[] }>()
  for (const result of results) {
    const place = placeOf(result.clause)
    const key = `${place.label}: ${place.title}`
    const section = sections.get(key) ?? { place, results: [] }
    section.results.push(result)
    sections.set(key, section)
  }
  return [...sections.values()]
    .toSorted((a, b) => inOrder(a.place, b.place))
    .map(({ place, results }) => group('protocol', protocol, place.label, place.title, results))
}

function group(
  topic: Result['topic'],
  protocol: string | null,
  label: string | null,
  title: string,
  results: readonly Result[],
): Group {
  return { topic, protocol, label, title, results, counts: summarise(results) }
}

/** What a reader has to look at first: broken requirements, then errors of ours. */
export function fallenOf(report: Report): readonly Result[] {
  return [
    ...report.results.filter(({ verdict }) => verdict === 'fail'),
    ...report.results.filter(({ verdict }) => verdict === 'harness-error'),
  ]
}

export function withVerdict(report: Report, ...wanted: readonly Result['verdict'][]): readonly Result[] {
  return report.results.filter(({ verdict }) => wanted.includes(verdict))
}

/** Checks without a judgement for one and the same reason. */
export interface Unjudged {
  readonly verdict: 'not-applicable' | 'blocked' | 'inconclusive'
  readonly reason: string
  readonly ids: readonly string[]
  /** What would turn them on: an option, a configuration key, or what the target lacks; null where nothing would. */
  readonly turnOn: string | null
  /** Whether the reason names an option or a key of the configuration itself. */
  readonly told: boolean
}

/** Grouped by reason, the largest group first. */
export function unjudgedOf(report: Report): readonly Unjudged[] {
  return (['not-applicable', 'blocked', 'inconclusive'] as const).flatMap((verdict) => {
    const groups = new Map<string, string[]>()
    for (const result of withVerdict(report, verdict)) {
      const reason = result.reason ?? 'no reason given'
      groups.set(reason, [...(groups.get(reason) ?? []), result.id])
    }
    return [...groups]
      .map(([reason, ids]) => ({
        verdict,
        reason,
        ids,
        turnOn: verdict === 'not-applicable' ? turnsOn(reason) : null,
        told: /(^|\s)--[a-z]|config/.test(reason),
      }))
      .toSorted((a, b) => b.ids.length - a.ids.length)
  })
}

/** What would turn the not-applicable ones on, each said once; empty when there are none. */
export function remedies(report: Report): readonly string[] {
  const found = unjudgedOf(report).flatMap(({ turnOn }) => turnOn?.split('; ') ?? [])
  return [...new Set(found)]
}

/** The documented expectations side by side. */
export interface Comparison {
  /** The protocols of which something is documented, in the order of the report: one column each. */
  readonly columns: Report['protocols']
  /** One row for each topic, in the order of the report. */
  readonly rows: readonly ComparisonRow[]
}

export interface ComparisonRow {
  readonly topic: string
  /** Statements about one protocol, by column. */
  readonly cells: readonly (readonly ExpectationResult[])[]
  /** Statements that compare protocols. */
  readonly compared: readonly ExpectationResult[]
}

export function comparisonOf({ expectations, protocols }: Report): Comparison {
  const columns = protocols.filter(({ id }) => expectations.some(({ protocol }) => protocol === id))
  const topics = [...new Set(expectations.map(({ topic }) => topic))]
  const rows = topics.map((topic) => {
    const about = (id: string | null): readonly ExpectationResult[] =>
      expectations.filter((one) => one.topic === topic && one.protocol === id)
    return { topic, cells: columns.map(({ id }) => about(id)), compared: about(null) }
  })
  return { columns, rows }
}

/** What this run has to say to a statement: its figures, and what it would need for what it did not measure. */
export function answerOf(one: ExpectationResult): {
  readonly kind: 'figures' | 'needs'
  readonly text: string
} {
  const needs = one.needs ?? ''
  if (one.status === 'not-measured')
    return { kind: 'needs', text: needs === '' ? one.summary : `needs ${needs}` }
  return { kind: 'figures', text: needs === '' ? one.summary : `${one.summary}; the rest needs ${needs}` }
}

export function expectationCounts(report: Report): Readonly<Record<ExpectationResult['status'], number>> {
  const counts = { confirmed: 0, refuted: 0, partly: 0, 'not-measured': 0 }
  for (const { status } of report.expectations) counts[status] += 1
  return counts
}

/** What was found in a target: names of the capabilities by state, in the order of the catalogue. */
export function capabilitiesOf(
  target: Report['targets'][number],
): Readonly<Record<'present' | 'absent' | 'broken', readonly string[]>> {
  const names = [
    ...capabilityNames.filter((name) => name in target.capabilities),
    ...Object.keys(target.capabilities)
      .filter((name) => !capabilityNames.includes(name))
      .toSorted(),
  ]
  const inState = (state: string): string[] =>
    names.filter((name) => target.capabilities[name]?.state === state)
  return { present: inState('present'), absent: inState('absent'), broken: inState('broken') }
}
