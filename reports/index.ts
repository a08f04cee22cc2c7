import type { Report } from '#model/result'
import { html } from './html.ts'
import { json } from './json.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import type { ReportFormat, ReportOptions } from './view/options.ts'
import { terminal } from './terminal.ts'

export type { ReportFormat, ReportOptions } from './view/options.ts'

/** Every format is a pure function of the report: same report, same bytes. */
export const formats: Readonly<Record<ReportFormat, (report: Report, options?: ReportOptions) => string>> = {
  terminal,
  json,
  junit,
  html,
  markdown,
}
