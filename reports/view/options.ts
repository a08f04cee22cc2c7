export const reportFormats = ['terminal', 'json', 'junit', 'html', 'markdown'] as const

export type ReportFormat = (typeof reportFormats)[number]

/** How a report is written. Only the terminal report uses these options. */
export interface ReportOptions {
  /** Whether to write escape sequences for colours; no by default. */
  readonly colour?: boolean
  /** Whether to write ASCII characters alone; no by default. */
  readonly ascii?: boolean
  /** Columns to wrap at; 80 by default, and at least 50, which the id of a check needs. */
  readonly width?: number
  /** Whether to write only the failures and the totals; no by default. */
  readonly quiet?: boolean
}

/** Below the limits of GitHub's job summary (1 MiB) and of GitLab's JUnit report (30 MB). */
export const limits = { markdownBytes: 1_000_000, junitDetailBytes: 64_000 } as const
