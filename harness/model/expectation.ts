import type { Protocol } from './model.ts'

/** One documented statement about the two protocols, and how a run answers it. */
export interface Expectation {
  /** Permanent: `EXP-REC-3`. */
  readonly id: string
  readonly topic: string
  readonly protocol: Protocol
  /** The statement, in our words. */
  readonly statement: string
  /** What a run needs to measure it, where it was not measured: an option, or a thing that is not there. */
  readonly needs: string
  /** Half of the statement that no check here can measure, and what would: the status is `partly` at best. */
  readonly beyond?: string
  /**
   * One sentence with the figures of this run, from the checks that name this expectation; or null where the
   * figures are missing, and the verdicts are then counted.
   */
  readonly summary?: (figures: Figures) => string | null
  /** Whether the figures bear out a statement that compares; null where they are missing: then it is `partly` at best. */
  readonly holds?: (figures: Figures) => boolean | null
}

/** A figure by the id of its check and its name; null where this run has none. */
export type Figures = (id: string, name: string) => number | null
