import { summaryKeys } from '#model/result'
import type { Report, Result } from '#model/result'
import { topics } from '#model/model'
import { html } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { groupsOf } from '#reports/view/overview'
import type { Group } from '#reports/view/overview'
import { symbols, protocolTitle, verdicts } from '#reports/view/words'
import { capital } from './parts.ts'
import { row } from './result.ts'

/** Every result, by topic; the protocol by section of its standard. */
export function results(report: Report): Markup {
  const groups = groupsOf(report)
  return html`<section id="results" aria-labelledby="results-title">
    <h2 id="results-title">Results</h2>
    ${filters(report.results)}
    ${topics.flatMap((topic) =>
      parts(report, topic, groups).map(
        ([title, members]) =>
          html`<div class="topic">
            <h3>${title}</h3>
            ${members.map(group)}
          </div>`,
      ),
    )}
    <p class="nothing" hidden>No check matches.</p>
  </section>`
}

/** A topic is one part; the protocol is one for each protocol, since their standards differ. */
function parts(
  report: Report,
  topic: Result['topic'],
  all: readonly Group[],
): readonly (readonly [string, readonly Group[]])[] {
  const members = all.filter((one) => one.topic === topic)
  if (members.length === 0) return []
  if (topic !== 'protocol') return [[capital(topic), members]]
  const protocols = [...new Set(members.map(({ protocol }) => protocol))]
  return protocols.map((protocol) => [
    `Protocol: ${protocolTitle(report, protocol)}`,
    members.filter((one) => one.protocol === protocol),
  ])
}

/** A group with something to look at is open from the start. */
function group(one: Group): Markup {
  const calm = one.counts.pass + one.counts.notApplicable === one.counts.total
  const { title } = one
  return html`<details class="group" ${calm ? null : { markup: ' open' }}>
    <summary>
      ${one.label === null ? null : html`<span class="dim label">${one.label}</span> `}<span class="name"
        >${title}</span
      >
      <span class="sums">${sums(one)}</span>
    </summary>
    <div class="rows">${one.results.map(row)}</div>
  </details>`
}

function sums({ counts }: Group): readonly Markup[] {
  return verdicts.flatMap((verdict) => {
    const count = counts[summaryKeys[verdict]]
    if (count === 0) return []
    return [
      html`<span class="sum v-${verdict}"
        ><span aria-hidden="true">${symbols[verdict]}</span> ${count}<span class="hidden">
          ${verdict}</span
        ></span
      > `,
    ]
  })
}

/** Shown by the script alone: without it, every result is there to be read, and the browser finds text. */
function filters(found: readonly Result[]): Markup {
  const present = (values: readonly string[]): readonly string[] => [...new Set(values)]
  const inOrder = verdicts.filter((verdict) => found.some((one) => one.verdict === verdict))
  return html`<form class="filters" hidden role="search" aria-label="Filter the results">
    <label class="field grow"
      ><span>Text</span
      ><input type="search" name="text" autocomplete="off" spellcheck="false" placeholder="id, title, clause"
    /></label>
    ${select('verdict', 'Verdict', inOrder)}
    ${select('protocol', 'Protocol', present(found.map(({ protocol }) => protocol ?? 'compared')))}
    ${select('level', 'Level', present(found.map(({ level }) => level)))}
    ${select('topic', 'Topic', present(found.map(({ topic }) => topic)))}
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
      ${values.map((value) => html`<option>${value}</option>`)}
    </select></label
  >`
}
