import type { Clause, Spec } from './model.ts'

const rfc = (number: number) => (section: string) =>
  `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`

const places: Readonly<Record<Spec, (section: string) => string | null>> = {
  RFC6455: rfc(6455),
  RFC7692: rfc(7692),
  RFC9110: rfc(9110),
  RFC9112: rfc(9112),
  HTML: (section) =>
    section === 'text/event-stream'
      ? 'https://html.spec.whatwg.org/multipage/iana.html#text/event-stream'
      : `https://html.spec.whatwg.org/multipage/server-sent-events.html#${section}`,
  FETCH: (section) => `https://fetch.spec.whatwg.org/#${section}`,
  OWASP: () => 'https://cheatsheetseries.owasp.org/cheatsheets/WebSocket_Security_Cheat_Sheet.html',
  EXPECTATIONS: () => null,
  STREAMPROOF: () => null,
}

/** The address of a clause; null for a rule of this project, which is in its own documentation. */
export function clauseUrl(clause: Clause): string | null {
  return places[clause.spec](clause.section)
}

/** A clause as people write it: `RFC6455/5.5`. */
export function clauseName(clause: Clause): string {
  return `${clause.spec}/${clause.section}`
}
