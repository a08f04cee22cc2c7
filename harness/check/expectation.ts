import type { Transport, Verdict } from './model.ts'

/** What a run measured for one check: all that an expectation may speak from. */
export interface Measurement {
  readonly id: string
  readonly verdict: Verdict
  readonly measured: Readonly<Record<string, number | string>>
}

/** One documented statement about the two transports, and how a run answers it. */
export interface Expectation {
  /** Permanent: `EXP-REC-3`. */
  readonly id: string
  readonly topic: string
  readonly transport: Transport
  /** The statement, in our words. */
  readonly statement: string
  /** What a run needs to measure it, where it was not measured: an option, or a thing that is not there. */
  readonly needs: string
  /**
   * One sentence with the figures of this run, from the checks that name this expectation; or null where the
   * figures are missing, and the verdicts are then counted.
   */
  readonly says?: (measured: ReadonlyMap<string, Measurement>) => string | null
}
