/** Ways in which a request head can be malformed. Each is rejected, unless a mutant tolerates it. */
export const headViolations = [
  'bare-lf',
  'space-before-colon',
  'no-colon',
  'control-in-value',
  'obs-fold',
  'host-missing',
  'host-twice',
] as const

export type HeadViolation = (typeof headViolations)[number]

/** How request heads are parsed: RFC 9112. */
export interface HttpRules {
  readonly toleratesInHead: readonly HeadViolation[]
  /** A head over the limit is rejected with 431 or 414, or gets no response. */
  readonly longHead: 'refuse' | 'ignore'
}

export const strictHttp: HttpRules = { toleratesInHead: [], longHead: 'refuse' }
