/** What a request's head may have wrong with it. Each is refused, unless a mutant lets it pass. */
export const headBreaches = [
  'bare-lf',
  'space-before-colon',
  'no-colon',
  'control-in-value',
  'obs-fold',
  'host-missing',
  'host-twice',
] as const

export type HeadBreach = (typeof headBreaches)[number]

/** How heads of requests are read: RFC 9112. */
export interface HttpRules {
  readonly toleratesInHead: readonly HeadBreach[]
  /** What a head over the limit meets: 431 or 414, or no answer at all. */
  readonly longHead: 'refuse' | 'ignore'
}

export const strictHttp: HttpRules = { toleratesInHead: [], longHead: 'refuse' }
