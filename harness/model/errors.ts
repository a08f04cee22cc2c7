/** What a check may throw. Anything else is a `harness-error`. */

/** The requirement was broken. Gives the fallen verdict of the check's level. */
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
  /** The fault did not demonstrably strike. */
  'fault-not-proven',
  /** The unfaulted connection that carries the truth was itself lost. */
  'witness-lost',
  /** The target refused connections, or answered 429 or 503, although nothing else was running. */
  'target-refused',
  /** The target died while this check was connected, and the death could not be pinned on a check. */
  'target-died',
  /** The contract's way of publishing an event did not work this time. */
  'publish-failed',
  /** A stream brought no event to judge by. */
  'no-event',
  /** The machine lacks something (an IPv6 address, a file descriptor). */
  'environment',
  /** The link engine failed in the middle of the check. */
  'engine-failed',
  /** The target ends connections on which nothing happens, or streams, sooner than the exchange takes. */
  'ended-idle',
  /** The check's time budget was spent without an answer that could be judged. */
  'out-of-time',
] as const

export type InconclusiveReason = (typeof inconclusiveReasons)[number]

/** The target or the network kept us from judging. Thrown only by peers, routes and the proof of a fault. */
export class Inconclusive extends Error {
  readonly code = 'INCONCLUSIVE'
  readonly reason: InconclusiveReason

  constructor(reason: InconclusiveReason, detail: string, options?: ErrorOptions) {
    super(`${reason}: ${detail}`, options)
    this.name = 'Inconclusive'
    this.reason = reason
  }
}

/** The user asked for something that cannot be done: one line, what to do next, exit status 2. */
export class UsageError extends Error {
  readonly code = 'USAGE'
  override readonly name = 'UsageError'
}

/** The target or the engine cannot be reached, or is not what it was said to be: exit status 3. */
export class SetupError extends Error {
  readonly code = 'SETUP'
  override readonly name = 'SetupError'
}
