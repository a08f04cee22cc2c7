import { summaryKeys } from '#model/result'
import type { Report, Result } from '#model/result'
import { html } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { cut } from '#reports/escape/visible'
import { alikeOf } from '#reports/view/alike'
import { fallenOf, unjudgedOf, withVerdict } from '#reports/view/overview'
import { plural, verdicts } from '#reports/view/words'
import { badge, clauseLink, resultLink } from './parts.ts'

/** What many falls have in common, before any of them: one cause is easily lost among its hundred effects. */
export function alike(report: Report): Markup | null {
  const groups = alikeOf(report)
  if (groups.length === 0) return null
  return html`<section id="alike" aria-labelledby="alike-title">
    <h2 id="alike-title">What fell in the same way</h2>
    <ul class="cards">
      ${groups.map((one) => {
        const worst = one.results[0]?.verdict ?? 'fail'
        return html`<li class="card e-${worst}">
          <p class="head">
            <strong>${plural(one.results.length, 'check')}</strong>
            ${verdicts.map((verdict) => badgeOf(verdict, one.counts[summaryKeys[verdict]]))}
          </p>
          <dl class="pair">
            ${one.expected === null ? null : pair('expected', one.expected)}
            ${pair(one.expected === null ? 'reason' : 'actual', one.actual)}
            ${one.ended === null ? null : pair('ended', one.ended)}
          </dl>
          <details class="from">
            <summary>which</summary>
            <ul>
              ${one.results.map(({ id }) => html`<li>${resultLink(id)}</li>`)}
            </ul>
          </details>
        </li>`
      })}
    </ul>
  </section>`
}

function badgeOf(verdict: Result['verdict'], count: number): Markup | null {
  return count === 0 ? null : html`${badge(verdict, count)} `
}

function pair(name: string, value: string): Markup {
  return html`<dt>${name}</dt>
    <dd>${cut(value, 600)}</dd>`
}

/** What fell, first: in short, each with a link to the whole of it. */
export function fallen(report: Report): Markup | null {
  return list('fell', 'What fell', fallenOf(report), report)
}

export function softer(report: Report): Markup | null {
  const found = withVerdict(report, 'warn', 'notice')
  return list('softer', 'Recommendations not followed, and notices', found, report)
}

function list(id: string, title: string, found: readonly Result[], report: Report): Markup | null {
  if (found.length === 0) return null
  // What they have in common was said once; the whole of each is behind its link.
  const repeated = new Set(alikeOf(report).flatMap((one) => one.results))
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title} <span class="dim">${found.length}</span></h2>
    <ul class="cards">
      ${found.map(
        (one) =>
          html`<li class="card e-${one.verdict}">
            <p class="head">
              ${badge(one.verdict)} ${resultLink(one.id)}
              <span class="dim">${one.level}</span> ${clauseLink(one.clause)}
            </p>
            <p class="claim">${one.title}</p>
            ${
              one.expected === null
                ? null
                : html`<dl class="pair">
                    ${repeated.has(one) ? null : pair('expected', one.expected)}
                    ${pair('actual', one.actual ?? '')}
                  </dl>`
            }
            ${one.reason === null ? null : html`<dl class="pair">${pair('reason', one.reason)}</dl>`}
          </li>`,
      )}
    </ul>
  </section>`
}

/** What could not be judged, grouped by the reason, with what would turn it on. */
export function unjudged(report: Report): Markup | null {
  const groups = unjudgedOf(report)
  if (groups.length === 0) return null
  return html`<section id="unjudged" aria-labelledby="unjudged-title">
    <h2 id="unjudged-title">Not judged</h2>
    <ul class="cards">
      ${groups.map(
        ({ verdict, reason, ids, turnOn }) =>
          html`<li class="card e-${verdict}">
            <p class="head">${badge(verdict)} ${plural(ids.length, 'check')}</p>
            <p class="claim">${cut(reason, 600)}</p>
            ${turnOn === null ? null : html`<p class="figures">Turned on by ${turnOn}.</p>`}
            <details class="from">
              <summary>which</summary>
              <ul>
                ${ids.map((id) => html`<li>${resultLink(id)}</li>`)}
              </ul>
            </details>
          </li>`,
      )}
    </ul>
  </section>`
}
