import { topics } from '#model/model'
import type { ExpectationResult, Report, Result, Summary } from '#model/result'
import { summarise } from '#model/result'
import { compareSections, sectionOf } from './sections.ts'
import type { ClauseSection } from './sections.ts'
import { protocolTitle } from './words.ts'

/** The report as a reader goes through it. Every text format is written from these views. */

/** Results of one topic and protocol; of the topic `protocol`, results of one section of its standard. */
export interface Group {
  readonly topic: Result['topic']
  /** Null: checks that compare protocols. */
  readonly protocol: string | null
  /** `RFC 6455 5.5`; null for a topic other than `protocol`. */
  readonly label: string | null
  /** `Control Frames`; the title of the protocol for a topic other than `protocol`. */
  readonly title: string
  readonly results: readonly Result[]
  readonly counts: Summary
}

/** Topics in the order of the documented comparison, each by protocol; sections in the order of their standard. */
export function groupsOf(report: Report): readonly Group[] {
  return topics.flatMap((topic) =>
    protocolsOf(report).flatMap((protocol) => {
      const results = report.results.filter(
        (result) => result.topic === topic && result.protocol === protocol,
      )
      if (results.length === 0) return []
      if (topic === 'protocol') return bySection(protocol, results)
      const title = protocolTitle(report, protocol)
      return [{ topic, protocol, label: null, title, results, counts: summarise(results) }]
    }),
  )
}

/** Every protocol in the order of the report, then null for checks that compare protocols. */
export function protocolsOf({ protocols }: Report): readonly (string | null)[] {
  return [...protocols.map(({ id }) => id), null]
}

function bySection(protocol: string | null, results: readonly Result[]): Group[] {
  const groups = new Map<string, { readonly section: ClauseSection; readonly results: Result[] }>()
  for (const result of results) {
    const section = sectionOf(result.clause)
    const key = `${section.label}: ${section.title}`
    const group = groups.get(key) ?? { section, results: [] }
    group.results.push(result)
    groups.set(key, group)
  }
  return [...groups.values()]
    .toSorted((a, b) => compareSections(a.section, b.section))
    .map(({ section: { label, title }, results }) => ({
      topic: 'protocol',
      protocol,
      label,
      title,
      results,
      counts: summarise(results),
    }))
}

/** What a reader has to look at first: broken requirements, then harness errors. */
export function failuresOf(report: Report): readonly Result[] {
  return [...withVerdict(report, 'fail'), ...withVerdict(report, 'harness-error')]
}

export function withVerdict(report: Report, ...verdicts: readonly Result['verdict'][]): readonly Result[] {
  return report.results.filter(({ verdict }) => verdicts.includes(verdict))
}

/** Checks that were not judged, for the same reason. */
export interface Unjudged {
  readonly verdict: 'not-applicable' | 'blocked' | 'inconclusive'
  readonly reason: string
  readonly ids: readonly string[]
  /** What would make them apply: an option, a key of the config file, or a property of the target; null if nothing. */
  readonly enable: string | null
}

/** Grouped by verdict and reason, the largest group of a verdict first. */
export function unjudgedOf(report: Report): readonly Unjudged[] {
  return (['not-applicable', 'blocked', 'inconclusive'] as const).flatMap((verdict) => {
    const groups = new Map<string, Result[]>()
    for (const result of withVerdict(report, verdict)) {
      const reason = result.reason ?? 'no reason given'
      groups.set(reason, [...(groups.get(reason) ?? []), result])
    }
    return [...groups]
      .map(([reason, results]) => ({
        verdict,
        reason,
        ids: results.map(({ id }) => id),
        enable: results.find(({ enable }) => enable !== null)?.enable ?? null,
      }))
      .toSorted((a, b) => b.ids.length - a.ids.length)
  })
}

/** What would make the checks apply that are not applicable, without repetition. */
export function waysToEnable(report: Report): readonly string[] {
  return [...new Set(unjudgedOf(report).flatMap(({ enable }) => enable ?? []))]
}

/** The documented expectations side by side. */
export interface Comparison {
  /** The protocols of which something is documented, in the order of the report: one column each. */
  readonly columns: Report['protocols']
  /** One row for each topic, in the order of the report. */
  readonly rows: readonly ComparisonRow[]
}

interface ComparisonRow {
  readonly topic: string
  /** Statements about one protocol, by column. */
  readonly cells: readonly (readonly ExpectationResult[])[]
  /** Statements that compare protocols. */
  readonly compared: readonly ExpectationResult[]
}

export function comparisonOf({ expectations, protocols }: Report): Comparison {
  const columns = protocols.filter(({ id }) => expectations.some(({ protocol }) => protocol === id))
  const rows = [...new Set(expectations.map(({ topic }) => topic))].map((topic) => {
    const about = (id: string | null): readonly ExpectationResult[] =>
      expectations.filter((expectation) => expectation.topic === topic && expectation.protocol === id)
    return { topic, cells: columns.map(({ id }) => about(id)), compared: about(null) }
  })
  return { columns, rows }
}

/** The answer of this run to a statement: its figures, and what it needs to measure the rest. */
export function answerOf({ status, needs, summary }: ExpectationResult): {
  readonly kind: 'figures' | 'needs'
  readonly text: string
} {
  if (status === 'not-measured') return { kind: 'needs', text: needs === null ? summary : `needs ${needs}` }
  return { kind: 'figures', text: needs === null ? summary : `${summary}; the rest needs ${needs}` }
}

export function expectationCounts(report: Report): Readonly<Record<ExpectationResult['status'], number>> {
  const counts = { confirmed: 0, refuted: 0, partly: 0, 'not-measured': 0 }
  for (const { status } of report.expectations) counts[status] += 1
  return counts
}

/** Names of the capabilities of a target by state, in the order of the report. */
export function capabilitiesOf(
  target: Report['targets'][number],
): Readonly<Record<'present' | 'absent' | 'broken', readonly string[]>> {
  const inState = (wanted: string): string[] =>
    Object.entries(target.capabilities).flatMap(([name, { state }]) => (state === wanted ? [name] : []))
  return { present: inState('present'), absent: inState('absent'), broken: inState('broken') }
}
