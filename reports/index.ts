import type { Report } from '#model/result'
import { html } from './html.ts'
import { json } from './json.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import type { ReportFormat, ReportOptions } from './view/options.ts'
import { terminal } from './terminal.ts'

export { reportFormats } from './view/options.ts'
export type { ReportFormat, ReportOptions } from './view/options.ts'

/** The writer of each format: a pure function, which writes the same bytes for the same report. */
export const formats: Readonly<Record<ReportFormat, (report: Report, options?: ReportOptions) => string>> = {
  terminal,
  json,
  junit,
  html,
  markdown,
}
