import type { RequestHead } from '#reference/http/head'
import type { OriginPolicy, SseRules } from './rules.ts'

type Header = readonly [name: string, value: string]

export type OriginDecision =
  | { readonly kind: 'refused' }
  /** `headers` belong to every response, errors included. */
  | { readonly kind: 'served'; readonly origin: string | null; readonly headers: readonly Header[] }

/** Decides by the Origin of a request (Fetch, CORS protocol). A request of an origin that is not allowed is rejected. */
export function judgeOrigin(head: RequestHead, policy: OriginPolicy, rules: SseRules): OriginDecision {
  const origin = head.get('origin')
  const decision = rules.judgeOrigin(origin, policy)
  const vary: readonly Header[] = rules.varies ? [['Vary', 'Origin']] : []
  if (decision === 'refused') return { kind: 'refused' }
  if (decision === 'same' || origin === null) return { kind: 'served', origin: null, headers: vary }
  const allowed = rules.allowOrigin(origin)
  const headers: readonly Header[] = [
    ...(allowed === null ? [] : [['Access-Control-Allow-Origin', allowed] as const]),
    ...(rules.allowCredentials ? [['Access-Control-Allow-Credentials', 'true'] as const] : []),
    ...vary,
  ]
  return { kind: 'served', origin, headers }
}

/** Headers of the response to a preflight for these methods, besides the headers of every response. */
export function preflightHeaders(methods: string, rules: SseRules): readonly Header[] {
  const { preflightHeaders: names } = rules
  return [
    ['Access-Control-Allow-Methods', methods],
    ...(names === null ? [] : [['Access-Control-Allow-Headers', names] as const]),
    ['Access-Control-Max-Age', '600'],
  ]
}
