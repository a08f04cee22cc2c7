import { visible } from './visible.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** HTML that is safe already: made by `html` alone. */
export interface Markup {
  readonly markup: string
}

export type Part = Markup | string | number | null | readonly Part[]

/** Text for an element or a quoted attribute. */
export function htmlText(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** Joins literal HTML with values; every value that is not markup itself is escaped. Attributes must be quoted. */
export function html(literal: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = unindented(literal[0] ?? '')
  for (const [index, part] of parts.entries()) text += render(part) + unindented(literal[index + 1] ?? '')
  return { markup: text }
}

/** The source is indented for its readers; a page of a thousand rows need not be. No literal stands in a `pre`. */
function unindented(literal: string): string {
  return literal.replace(/\n\s+/g, '\n')
}

function render(part: Part): string {
  if (part === null) return ''
  if (typeof part === 'string') return htmlText(part)
  if (typeof part === 'number') return String(part)
  if ('markup' in part) return part.markup
  return part.map(render).join('')
}

/** A link's target, if it is one that may be followed: an https address. */
export function link(url: string | null): string | null {
  return url !== null && /^https:\/\/[^\s"'<>\\]+$/.test(url) ? url : null
}
