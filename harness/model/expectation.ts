/** One documented statement about a protocol, or about several, and how a run answers it. */
export interface Expectation {
  /** Permanent: `EXP-REC-3`. */
  readonly id: string
  readonly topic: string
  /** The id of a protocol; null for a statement that compares protocols. */
  readonly protocol: string | null
  /** The statement in one sentence. */
  readonly statement: string
  /** What a run needs in order to measure it: an option, or a property of the target. */
  readonly needs: string
  /** What would measure the part of the statement that no check can measure; the status is then at most `partly`. */
  readonly beyond?: string
  /**
   * One sentence with the figures of this run, from the checks that name this expectation; null if figures are missing:
   * the report then counts the verdicts.
   */
  readonly summary?: (figures: Figures) => string | null
  /** Whether the figures support a statement that compares; null if figures are missing, and the status is then at most `partly`. */
  readonly holds?: (figures: Figures) => boolean | null
}

/** A figure by the id of its check and its name; null if this run has none. */
export type Figures = (id: string, name: string) => number | null
