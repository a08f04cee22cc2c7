import type { StoredEvent } from './event.ts'

/**
 * What a client that presents a cursor is sent before the live events: a choice from all that is kept, in the
 * order of sending. `at` is the index of the cursor's event, or -1 where it is not kept.
 */
export type ResumeRule = (kept: readonly StoredEvent[], at: number, cursor: string) => readonly StoredEvent[]

/** Strictly after the cursor, everything, in order. An unknown cursor gets all that is kept. */
export const resumeExactly: ResumeRule = (kept, at) => kept.slice(at + 1)
