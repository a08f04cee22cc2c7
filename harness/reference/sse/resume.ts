import type { StoredEvent } from './event.ts'

/**
 * The events that a client with a cursor receives before live events, chosen from the history, in the order of
 * sending. `at` is the index of the cursor's event in the history, or -1.
 */
export type ResumeRule = (kept: readonly StoredEvent[], at: number, cursor: string) => readonly StoredEvent[]

/** All events after the cursor, in order. For an unknown cursor, the whole history. */
export const resumeExactly: ResumeRule = (kept, at) => kept.slice(at + 1)
