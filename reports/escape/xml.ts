import { visible, visibleLines } from './visible.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Expects only characters that XML 1.0 allows. `>` is escaped as well, because `]]>` is not allowed. */
function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** The value of an attribute, for double quotes: one line. */
export function xmlAttribute(text: string): string {
  return escape(visible(text))
}

/** The text of an element; line breaks stay. */
export function xmlText(text: string): string {
  return escape(visibleLines(text))
}
