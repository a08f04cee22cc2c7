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
  const told = (one: ExpectationResult): Markup => statement(one, figures)
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
            <th scope="col">WebSocket</th>
            <th scope="col">Server-Sent Events</th>
          </tr>
        </thead>
        <tbody>
          ${comparisonOf(report).map((row) => {
            const sides = row.websocket.length + row.sse.length > 0
            const lines = (sides ? 1 : 0) + (row.both.length > 0 ? 1 : 0)
            const head = html`<th scope="rowgroup" rowspan="${lines}">${capital(row.topic)}</th>`
            const both = html`<td colspan="2" data-side="Both">${row.both.map(told)}</td>`
            const first = html`<td data-side="WebSocket">${cell(row.websocket, told)}</td>
              <td data-side="SSE">${cell(row.sse, told)}</td>`
            if (!sides)
              return html`<tr class="start">
                ${head}${both}
              </tr>`
            return html`<tr class="start">
                ${head}${first}
              </tr>
              ${
                row.both.length === 0
                  ? null
                  : html`<tr>
                      ${both}
                    </tr>`
              }`
          })}
        </tbody>
      </table>
    </div>
  </section>`
}

function cell(
  rows: readonly ExpectationResult[],
  told: (one: ExpectationResult) => Markup,
): Markup | readonly Markup[] {
  return rows.length === 0 ? html`<span class="dim">no statement</span>` : rows.map(told)
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
