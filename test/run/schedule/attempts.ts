import type { Attempt, ConnectionRecord } from '#run/schedule/attempt'

/** An attempt that passed without a connection, except for the given properties. */
export function attempt(properties: Partial<Attempt>): Attempt {
  return {
    outcome: { kind: 'held' },
    evidence: { transcript: [], faults: [], measured: {}, close: null },
    durationMs: 1,
    startedAt: 0,
    endedAt: 1,
    connections: [],
    refusals: [],
    retryAfterMs: null,
    interrupted: false,
    ...properties,
  }
}

/** A connection that the target reset 5 ms after it was opened. */
export const dropped: ConnectionRecord = {
  route: 'direct',
  openedAt: 0,
  endedAt: 5,
  ending: { by: 'target', how: 'rst', code: null },
}
