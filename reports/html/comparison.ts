import type { ExpectationResult, Report } from '#model/result'
import { html } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { cut } from '#reports/escape/visible'
import { answerOf, comparisonOf, expectationCounts } from '#reports/view/overview'
import { expectationStatuses, plural, statusWord } from '#reports/view/words'
import { capital, resultLink, statusBadge } from './parts.ts'

/** What the documents compare, a row for each topic, with the figures of this run in place of adjectives. */
export function comparison(report: Report): Markup | null {
  if (report.expectations.length === 0) return null
  const counts = expectationCounts(report)
  const figures = measuredOf(report)
  const { columns, rows } = comparisonOf(report)
  const show = (one: ExpectationResult): Markup => statement(one, figures)
  return html`<section id="expectations" aria-labelledby="expectations-title">
    <h2 id="expectations-title">Documented expectations</h2>
    <p class="lead">
      What is commonly said of the two protocols, statement by statement, and what this run measured:
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
            const head = html`<th scope="rowgroup" rowspan="${lines}">${capital(row.topic)}</th>`
            const cells = row.cells.map(
              (cell, index) =>
                html`<td data-side="${columns[index]?.shortTitle ?? ''}">${cellOf(cell, show)}</td>`,
            )
            const compared = html`<td colspan="${columns.length}" data-side="compared">
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
  show: (one: ExpectationResult) => Markup,
): Markup | readonly Markup[] {
  return rows.length === 0 ? html`<span class="dim">no statement</span>` : rows.map(show)
}

function statement(one: ExpectationResult, figuresOf: Figures): Markup {
  const { kind, text } = answerOf(one)
  return html`<div class="statement" id="${one.id}">
    <p class="head">${statusBadge(one.status)} <span class="dim">${one.id}</span></p>
    <p class="claim">${one.statement}</p>
    ${text === '' ? null : html`<p class="${kind}">${capital(text)}</p>`}
    ${
      one.checks.length === 0
        ? null
        : html`<details class="from">
            <summary>from ${plural(one.checks.length, 'check')}</summary>
            <ul>
              ${one.checks.map((id) => html`<li>${resultLink(id)} ${figuresOf(id)}</li>`)}
            </ul>
          </details>`
    }
  </div>`
}

type Figures = (id: string) => string

/** What a check measured, on one line. */
function measuredOf(report: Report): Figures {
  const figures = new Map<string, string[]>()
  for (const { id, measured } of report.results) {
    const names = Object.keys(measured).toSorted()
    figures.set(id, [...(figures.get(id) ?? []), ...names.map((name) => `${name} ${measured[name]}`)])
  }
  return (id) => cut((figures.get(id) ?? []).join(', '), 600)
}
