import { verdicts } from '#model/model'
import { summaryKeys } from '#model/result'
import type { Report, Result } from '#model/result'
import { html } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { cut } from '#reports/escape/visible'
import { commonCauseHeading, commonCauses } from '#reports/view/common-causes'
import { failuresOf, unjudgedOf, withVerdict } from '#reports/view/overview'
import { plural } from '#reports/view/words'
import { badge, clauseLink, resultLink } from './parts.ts'

/** Characters of one field of a card. */
const cardField = 600

/** Failures that probably have one cause: otherwise a reader sees a hundred effects before the cause. */
export function commonCauseSection(report: Report): Markup | null {
  const causes = commonCauses(report)
  if (causes.length === 0) return null
  return html`<section id="common-causes" aria-labelledby="common-causes-title">
    <h2 id="common-causes-title">${commonCauseHeading}</h2>
    <ul class="cards">
      ${causes.map(({ expected, actual, ending, results, counts }) => {
        const worst = results[0]?.verdict ?? 'fail'
        return html`<li class="card e-${worst}">
          <p class="head">
            <strong>${plural(results.length, 'check')}</strong> failed in the same way:
            ${verdicts.map((verdict) => countBadge(verdict, counts[summaryKeys[verdict]]))}
          </p>
          <dl class="pair">
            ${expected === null ? null : pair('expected', expected)}
            ${pair(expected === null ? 'reason' : 'actual', actual)}
            ${ending === null ? null : pair('ended', ending)}
          </dl>
          ${idList(results.map(({ id }) => id))}
        </li>`
      })}
    </ul>
  </section>`
}

function countBadge(verdict: Result['verdict'], count: number): Markup | null {
  return count === 0 ? null : html`${badge(verdict, count)} `
}

function pair(name: string, value: string): Markup {
  return html`<dt>${name}</dt>
    <dd>${cut(value, cardField)}</dd>`
}

function idList(ids: readonly string[]): Markup {
  return html`<details class="from">
    <summary>these checks</summary>
    <ul>
      ${ids.map((id) => html`<li>${resultLink(id)}</li>`)}
    </ul>
  </details>`
}

/** Each failure in short, with a link to its details. */
export function failureSection(report: Report): Markup | null {
  return cards('failures', 'Failures', failuresOf(report), report)
}

export function warningSection(report: Report): Markup | null {
  return cards('warnings', 'Warnings and notices', withVerdict(report, 'warn', 'notice'), report)
}

function cards(id: string, title: string, results: readonly Result[], report: Report): Markup | null {
  if (results.length === 0) return null
  // What checks have in common is shown once, above.
  const inCommon = new Set(commonCauses(report).flatMap((cause) => cause.results))
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title} <span class="dim">${results.length}</span></h2>
    <ul class="cards">
      ${results.map((result) => card(result, inCommon.has(result)))}
    </ul>
  </section>`
}

function card(result: Result, hasCommonCause: boolean): Markup {
  const { verdict, id, level, clause, title } = result
  return html`<li class="card e-${verdict}">
    <p class="head">
      ${badge(verdict)} ${resultLink(id)}
      <span class="dim">${level}</span> ${clauseLink(clause)}
    </p>
    <p class="claim">${title}</p>
    <dl class="pair">
      ${
        hasCommonCause
          ? html`<dt>cause</dt>
              <dd><a href="#common-causes">${commonCauseHeading}</a></dd>`
          : evidence(result)
      }
    </dl>
  </li>`
}

function evidence({ expected, actual, reason }: Result): readonly (Markup | null)[] {
  return [
    expected === null ? null : pair('expected', expected),
    expected === null ? null : pair('actual', actual ?? ''),
    reason === null ? null : pair('reason', reason),
  ]
}

/** Checks that were not judged, by reason, with what would make them apply. */
export function unjudgedSection(report: Report): Markup | null {
  const groups = unjudgedOf(report)
  if (groups.length === 0) return null
  return html`<section id="unjudged" aria-labelledby="unjudged-title">
    <h2 id="unjudged-title">Not judged</h2>
    <ul class="cards">
      ${groups.map(
        ({ verdict, reason, ids, enable }) =>
          html`<li class="card e-${verdict}">
            <p class="head">${badge(verdict)} ${plural(ids.length, 'check')}</p>
            <p class="claim">${cut(reason, cardField)}</p>
            ${enable === null ? null : html`<p class="figures">To run them: ${enable}.</p>`} ${idList(ids)}
          </li>`,
      )}
    </ul>
  </section>`
}
