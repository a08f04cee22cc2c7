/**
 * The target broke the requirement: `fail`, `warn` or `notice`, by the level of the check. A check may throw this and
 * `Inconclusive`; anything else is a `harness-error`.
 */
export class Violation extends Error {
  readonly code = 'VIOLATION'
  readonly expected: string
  readonly actual: string

  constructor(expected: string, actual: string, options?: ErrorOptions) {
    super(`expected ${expected}; actual: ${actual}`, options)
    this.name = 'Violation'
    this.expected = expected
    this.actual = actual
  }
}

/** The closed list of reasons for which a check cannot be judged. */
export const inconclusiveReasons = [
  /** The fault was not shown to have had an effect. */
  'fault-not-proven',
  /** The unfaulted connection to compare with was lost itself. */
  'witness-lost',
  /** The target refused connections, or answered 429 or 503, although no other check was running. */
  'target-refused',
  /** The target crashed while this check was connected, and no check could be found to be the cause. */
  'target-crashed',
  /** The contract's way of publishing an event did not work this time. */
  'publish-failed',
  /** A stream delivered no event to judge. */
  'no-event',
  /** The machine lacks something (an IPv6 address, a file descriptor). */
  'environment',
  /** The proxy engine failed during the check. */
  'engine-failed',
  /** The target ends idle connections, or streams, before the exchange is complete. */
  'ended-idle',
  /** The time budget of the check ended before there was an answer to judge. */
  'out-of-time',
] as const

export type InconclusiveReason = (typeof inconclusiveReasons)[number]

/** The target or the network did not allow a judgement. Only peers and the proof of a fault throw it. */
export class Inconclusive extends Error {
  readonly code = 'INCONCLUSIVE'
  readonly reason: InconclusiveReason

  constructor(reason: InconclusiveReason, detail: string, options?: ErrorOptions) {
    super(`${reason}: ${detail}`, options)
    this.name = 'Inconclusive'
    this.reason = reason
  }
}

/** The user asked for something that is not possible: one line with what to do next; exit status 2. */
export class UsageError extends Error {
  readonly code = 'USAGE'
  override readonly name = 'UsageError'
}

/** The target or the engine cannot be reached, or does not speak the expected protocol: exit status 3. */
export class SetupError extends Error {
  readonly code = 'SETUP'
  override readonly name = 'SetupError'
}
