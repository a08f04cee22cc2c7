import { summaryKeys } from '#model/result'
import type { Report, Result } from '#model/result'
import { topics, verdicts } from '#model/model'
import { html } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { groupsOf } from '#reports/view/overview'
import type { Group } from '#reports/view/overview'
import { capitalized, protocolTitle, verdictSymbols } from '#reports/view/words'
import { row } from './result.ts'

/** Every result by topic; results of the topic `protocol` by section of their standard. */
export function resultSection(report: Report): Markup {
  const groups = groupsOf(report)
  return html`<section id="results" aria-labelledby="results-title">
    <h2 id="results-title">Results</h2>
    ${filters(report.results)}
    ${topics.flatMap((topic) =>
      parts(report, topic, groups).map(
        ([title, members]) =>
          html`<div class="topic">
            <h3>${title}</h3>
            ${members.map(groupDetails)}
          </div>`,
      ),
    )}
    <p class="nothing" hidden>No check matches.</p>
  </section>`
}

/** One part for each topic. The topic `protocol` is one for each protocol, because their standards differ. */
function parts(
  report: Report,
  topic: Result['topic'],
  groups: readonly Group[],
): readonly (readonly [string, readonly Group[]])[] {
  const members = groups.filter((group) => group.topic === topic)
  if (members.length === 0) return []
  if (topic !== 'protocol') return [[capitalized(topic), members]]
  const protocols = [...new Set(members.map(({ protocol }) => protocol))]
  return protocols.map((protocol) => [
    `Protocol: ${protocolTitle(report, protocol)}`,
    members.filter((group) => group.protocol === protocol),
  ])
}

/** A group is open from the start unless all its checks passed or are not applicable. */
function groupDetails({ label, title, results, counts }: Group): Markup {
  const isClosed = counts.pass + counts.notApplicable === counts.total
  return html`<details class="group" ${isClosed ? null : { markup: ' open' }}>
    <summary>
      ${label === null ? null : html`<span class="dim label">${label}</span> `}<span class="name"
        >${title}</span
      >
      <span class="sums">${sums(counts)}</span>
    </summary>
    <div class="rows">${results.map(row)}</div>
  </details>`
}

function sums(counts: Group['counts']): readonly Markup[] {
  return verdicts.flatMap((verdict) => {
    const count = counts[summaryKeys[verdict]]
    if (count === 0) return []
    return [
      html`<span class="sum v-${verdict}"
        ><span aria-hidden="true">${verdictSymbols[verdict]}</span> ${count}<span class="hidden">
          ${verdict}</span
        ></span
      > `,
    ]
  })
}

/** Only the script shows the form. Without it, all results are visible. */
function filters(results: readonly Result[]): Markup {
  const present = verdicts.filter((verdict) => results.some((result) => result.verdict === verdict))
  return html`<form class="filters" hidden role="search" aria-label="Filter the results">
    <label class="field grow"
      ><span>Text</span
      ><input type="search" name="text" autocomplete="off" spellcheck="false" placeholder="id, title, clause"
    /></label>
    ${select('verdict', 'Verdict', present)}
    ${select(
      'protocol',
      'Protocol',
      results.map(({ protocol }) => protocol ?? 'compared'),
    )}
    ${select(
      'level',
      'Level',
      results.map(({ level }) => level),
    )}
    ${select(
      'topic',
      'Topic',
      results.map(({ topic }) => topic),
    )}
    <div class="buttons">
      <button type="reset">Clear</button><button type="button" data-open="1">Open all</button
      ><button type="button" data-open="0">Close all</button>
    </div>
    <p class="shown" role="status" aria-live="polite"></p>
  </form>`
}

function select(name: string, label: string, values: readonly string[]): Markup {
  return html`<label class="field"
    ><span>${label}</span
    ><select name="${name}">
      <option value="">all</option>
      ${[...new Set(values)].map((value) => html`<option>${value}</option>`)}
    </select></label
  >`
}
