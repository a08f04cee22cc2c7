import type { Report } from '../harness/check/result.ts'
import { html } from './html.ts'
import { json } from './json.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import type { ReportFormat, ReportOptions } from './options.ts'
import { terminal } from './terminal.ts'

export type { ReportFormat, ReportOptions } from './options.ts'

/** Every format is a pure function of the report: same report, same bytes. */
export const formats: Readonly<Record<ReportFormat, (report: Report, options?: ReportOptions) => string>> = {
  terminal,
  json,
  junit,
  html,
  markdown,
}
