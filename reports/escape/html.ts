import { visible } from './visible.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** HTML that is safe already. Only `html` makes it. */
export interface Markup {
  readonly markup: string
}

export type Part = Markup | string | number | null | readonly Part[]

/** Text for an element or a quoted attribute. */
export function htmlText(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** Joins literal HTML with values. Every value that is not markup itself is escaped. Attributes must be quoted. */
export function html(literal: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = unindented(literal[0] ?? '')
  for (const [index, part] of parts.entries()) text += render(part) + unindented(literal[index + 1] ?? '')
  return { markup: text }
}

/** Removes the indentation of the source from the page. No literal is inside a `pre`. */
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

/** The address of a link if it is safe to follow, which is https alone; otherwise null. */
export function link(url: string | null): string | null {
  return url !== null && /^https:\/\/[^\s"'<>\\]+$/.test(url) ? url : null
}
