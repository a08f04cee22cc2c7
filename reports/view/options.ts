/** How a report is to be written. Only the terminal's listens to all of it. */
export interface ReportOptions {
  /** Escape sequences for colours; off unless told. */
  readonly colour?: boolean
  /** Nothing but ASCII; off unless told. */
  readonly ascii?: boolean
  /** Columns to wrap at; 80 unless told, and never fewer than 50, which a name of a check needs. */
  readonly width?: number
  /** Only what fell, and the last line. */
  readonly quiet?: boolean
}

export type ReportFormat = 'terminal' | 'json' | 'junit' | 'html' | 'markdown'

/** Limits of GitHub's job summary (1 MiB) and of GitLab's JUnit report (30 MB), with room to spare. */
export const limits = { markdownBytes: 1_000_000, junitDetailBytes: 64_000 } as const
