import type { Attempt, ConnectionRecord } from './attempt.ts'

/** A connection that the target ended within this many ms was hardly used: it may have been one too many. */
const shortLivedMs = 100

/** The target ended this direct connection without a Close frame. */
export function isDropped({ route, ending }: ConnectionRecord): boolean {
  return route === 'direct' && ending?.by === 'target' && ending.how !== 'close-frame'
}

export function isShortLived({ openedAt, endedAt }: ConnectionRecord): boolean {
  return endedAt !== null && endedAt - openedAt < shortLivedMs
}

/** The check failed, and the target had dropped one of its connections at once: perhaps because of their number. */
export function droppedAtOnce(attempt: Attempt | undefined): boolean {
  return (
    attempt?.outcome.kind === 'violated' &&
    attempt.connections.some((connection) => isDropped(connection) && isShortLived(connection))
  )
}

/**
 * The target may have refused connections because they came too fast: it answered 429, or it refused a valid request. A
 * 503 to a request that should be refused is an answer.
 */
export function isRateLimited({ refusals, outcome }: Attempt): boolean {
  return (
    refusals.includes('status-429') ||
    (outcome.kind === 'inconclusive' && outcome.cause.reason === 'target-refused')
  )
}

/** What happened around an attempt. */
export interface AttemptSituation {
  /** The target crashed, and that has not been dealt with. */
  readonly crashed: boolean
  /** Other checks ran at the same time. */
  readonly hadCompanions: boolean
  /** The target has already been found to accept fewer connections than the run wanted. */
  readonly limitLowered: boolean
}

/** What an attempt is worth; everything but `observed` is run again. */
export type AttemptClass =
  /** The target crashed while it was connected: nothing that it observed counts. */
  | 'lost-in-crash'
  | 'interrupted'
  /** Refused while other checks were connected, so probably because of the number of connections. */
  | 'too-many-connections'
  /** Refused although it was alone, so probably because of the rate of connections. */
  | 'rate-limited'
  | 'observed'

export function classifyAttempt(attempt: Attempt, situation: AttemptSituation): AttemptClass {
  const { crashed, hadCompanions, limitLowered } = situation
  if (crashed && (attempt.connections.length > 0 || attempt.refusals.length > 0)) return 'lost-in-crash'
  if (attempt.interrupted) return 'interrupted'
  if (hadCompanions && isRefusedForNumber(attempt, limitLowered)) return 'too-many-connections'
  if (!hadCompanions && isRateLimited(attempt)) return 'rate-limited'
  return 'observed'
}

/**
 * Whether the number of connections may explain the refusals. Many servers also reject a bad request with a reset: a
 * reset counts only if the check passed all the same, and the target has been found to accept fewer connections.
 */
function isRefusedForNumber({ refusals, outcome }: Attempt, limitLowered: boolean): boolean {
  if (refusals.some((how) => how !== 'econnreset')) return true
  return refusals.length > 0 && outcome.kind === 'held' && limitLowered
}
