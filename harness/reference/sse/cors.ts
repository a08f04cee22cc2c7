import type { RequestHead } from '#reference/http/head'
import type { OriginPolicy, SseRules } from './rules.ts'

type Header = readonly [name: string, value: string]

export type OriginJudgement =
  | { readonly kind: 'refused' }
  /** `headers` go on every answer, errors included. */
  | { readonly kind: 'served'; readonly origin: string | null; readonly headers: readonly Header[] }

/** Judges the Origin of a request (Fetch, CORS protocol): an origin that nobody allowed gets nothing at all. */
export function judgeOrigin(head: RequestHead, policy: OriginPolicy, rules: SseRules): OriginJudgement {
  const origin = head.get('origin')
  const judged = rules.judgeOrigin(origin, policy)
  const vary: readonly Header[] = rules.varies ? [['Vary', 'Origin']] : []
  if (judged === 'refused') return { kind: 'refused' }
  if (judged === 'same' || origin === null) return { kind: 'served', origin: null, headers: vary }
  const allowed = rules.allowOrigin(origin)
  const headers: readonly Header[] = [
    ...(allowed === null ? [] : [['Access-Control-Allow-Origin', allowed] as const]),
    ...(rules.allowCredentials ? [['Access-Control-Allow-Credentials', 'true'] as const] : []),
    ...vary,
  ]
  return { kind: 'served', origin, headers }
}

/** What a preflight for these methods is told, besides the headers of every answer. */
export function preflightHeaders(methods: string, rules: SseRules): readonly Header[] {
  const { preflightHeaders: names } = rules
  return [
    ['Access-Control-Allow-Methods', methods],
    ...(names === null ? [] : [['Access-Control-Allow-Headers', names] as const]),
    ['Access-Control-Max-Age', '600'],
  ]
}
