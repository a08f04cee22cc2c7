import type { Verdict } from '#model/model'
import type { ExpectationResult, Result } from '#model/result'
import { html, link } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { clauseLabel } from '#reports/view/sections'
import { statusSymbols, statusWord, verdictMeanings, verdictSymbols } from '#reports/view/words'

/** Pieces that several sections of the page share. */

/** A verdict as symbol, colour and word: each of them is enough. With the number of results, if given. */
export function badge(verdict: Verdict, count: number | null = null): Markup {
  return html`<span class="badge v-${verdict}" title="${verdictMeanings[verdict]}"
    ><span aria-hidden="true">${verdictSymbols[verdict]}</span>
    ${count === null ? '' : `${count} `}${verdict}</span
  >`
}

export function statusBadge(status: ExpectationResult['status']): Markup {
  return html`<span class="badge s-${status}"
    ><span aria-hidden="true">${statusSymbols[status]}</span> ${statusWord(status)}</span
  >`
}

/** The anchor of a result. Ids consist of lower-case letters, digits, `-` and `/`; anything else is replaced. */
export function anchor(result: Pick<Result, 'id'>): string {
  return `r-${result.id.replace(/[^a-z0-9/-]/g, '_').replaceAll('/', '.')}`
}

export function resultLink(id: string): Markup {
  return html`<a href="#${anchor({ id })}"><code>${id}</code></a>`
}

export function clauseLink(clause: Result['clause']): Markup {
  const url = link(clause.url)
  const label = clauseLabel(clause)
  return url === null
    ? html`<span class="clause">${label}</span>`
    : html`<a class="clause" href="${url}" rel="noreferrer">${label}</a>`
}
