import type { Verdict } from '#model/model'
import type { ExpectationResult, Result } from '#model/result'
import { html, link } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { clauseLabel } from '#reports/view/sections'
import { expectationSymbols, meanings, statusWord, symbols } from '#reports/view/words'

/** Small pieces that several parts of the page share. */

/** A verdict as a mark: symbol, colour and word, so that none of them is needed alone; with how many there are. */
export function badge(verdict: Verdict, count: number | null = null): Markup {
  return html`<span class="badge v-${verdict}" title="${meanings[verdict]}"
    ><span aria-hidden="true">${symbols[verdict]}</span> ${count === null ? '' : `${count} `}${verdict}</span
  >`
}

export function statusBadge(status: ExpectationResult['status']): Markup {
  return html`<span class="badge s-${status}"
    ><span aria-hidden="true">${expectationSymbols[status]}</span> ${statusWord(status)}</span
  >`
}

/** The anchor of a result: ids hold nothing but lower case, digits, `-` and `/`; anything else is taken out. */
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

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
