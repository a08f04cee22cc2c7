import { expectationStatuses } from '#model/result'
import type { ExpectationResult, Report } from '#model/result'
import { html } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { cut } from '#reports/escape/visible'
import { answerOf, comparisonOf, expectationCounts } from '#reports/view/overview'
import { capitalized, expectationsLead, plural, statusWord } from '#reports/view/words'
import { resultLink, statusBadge } from './parts.ts'

/** The documented expectations in one column for each protocol and one row for each topic. */
export function expectationSection(report: Report): Markup | null {
  if (report.expectations.length === 0) return null
  const counts = expectationCounts(report)
  const figures = figuresOf(report)
  const { columns, rows } = comparisonOf(report)
  const show = (expectation: ExpectationResult): Markup => statement(expectation, figures)
  return html`<section id="expectations" aria-labelledby="expectations-title">
    <h2 id="expectations-title">Documented expectations</h2>
    <p class="lead">
      ${expectationsLead}
      ${expectationStatuses.map((status) => `${counts[status]} ${statusWord(status)}`).join(', ')}.
    </p>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="expectations-title">
      <table class="comparison">
        <thead>
          <tr>
            <th scope="col"><span class="hidden">Topic</span></th>
            ${columns.map(({ title }) => html`<th scope="col">${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => {
            const hasCells = row.cells.some(({ length }) => length > 0)
            const lines = (hasCells ? 1 : 0) + (row.compared.length > 0 ? 1 : 0)
            const head = html`<th scope="rowgroup" rowspan="${lines}">${capitalized(row.topic)}</th>`
            const cells = row.cells.map(
              (cell, index) =>
                html`<td data-side="${columns[index]?.shortTitle ?? ''}">${cellOf(cell, show)}</td>`,
            )
            const compared = html`<td colspan="${Math.max(1, columns.length)}" data-side="compared">
              ${row.compared.map(show)}
            </td>`
            if (!hasCells)
              return html`<tr class="start">
                ${head}${compared}
              </tr>`
            return html`<tr class="start">
                ${head}${cells}
              </tr>
              ${
                row.compared.length === 0
                  ? null
                  : html`<tr>
                      ${compared}
                    </tr>`
              }`
          })}
        </tbody>
      </table>
    </div>
  </section>`
}

function cellOf(
  rows: readonly ExpectationResult[],
  show: (expectation: ExpectationResult) => Markup,
): Markup | readonly Markup[] {
  return rows.length === 0 ? html`<span class="dim">no statement</span>` : rows.map(show)
}

function statement(expectation: ExpectationResult, figures: FiguresOfCheck): Markup {
  const { id, status, checks } = expectation
  const { kind, text } = answerOf(expectation)
  return html`<div class="statement" id="${id}">
    <p class="head">${statusBadge(status)} <span class="dim">${id}</span></p>
    <p class="claim">${expectation.statement}</p>
    ${text === '' ? null : html`<p class="${kind}">${capitalized(text)}</p>`}
    ${
      checks.length === 0
        ? null
        : html`<details class="from">
            <summary>from ${plural(checks.length, 'check')}</summary>
            <ul>
              ${checks.map((check) => html`<li>${resultLink(check)} ${figures(check)}</li>`)}
            </ul>
          </details>`
    }
  </div>`
}

type FiguresOfCheck = (id: string) => string

/** The figures of each check, on one line. */
function figuresOf(report: Report): FiguresOfCheck {
  const figures = new Map<string, string[]>()
  for (const { id, measured } of report.results) {
    const names = Object.keys(measured).toSorted()
    figures.set(id, [...(figures.get(id) ?? []), ...names.map((name) => `${name} ${measured[name]}`)])
  }
  return (id) => cut((figures.get(id) ?? []).join(', '), 600)
}
