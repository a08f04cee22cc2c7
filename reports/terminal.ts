import type { Report } from '#model/result'
import { commonCauseSection, failureSection, warningSection } from './terminal/failures.ts'
import { Page } from './terminal/page.ts'
import {
  expectationSection,
  findingSection,
  header,
  resultSection,
  totals,
  unjudgedSection,
} from './terminal/sections.ts'
import type { ReportOptions } from './view/options.ts'

/**
 * The report for a terminal, with the most important part last, where the reader is when the run ends: the targets,
 * results by topic, checks that were not judged, documented expectations, warnings, failures, totals. `quiet` leaves out
 * everything but failures, findings and totals.
 */
export function terminal(report: Report, options?: ReportOptions): string {
  const page = new Page(options)
  if (!page.quiet) {
    header(page, report)
    resultSection(page, report)
    unjudgedSection(page, report)
    expectationSection(page, report)
  }
  commonCauseSection(page, report)
  if (!page.quiet) warningSection(page, report)
  findingSection(page, report)
  failureSection(page, report)
  totals(page, report)
  return page.toString()
}
