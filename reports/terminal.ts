import type { Report } from '#model/result'
import type { ReportOptions } from './view/options.ts'
import { alike, failures, softer } from './terminal/failures.ts'
import { Page } from './terminal/page.ts'
import { expectations, findings, header, results, sum, unjudged } from './terminal/topics.ts'

/**
 * The report for a terminal: who was asked, results by topic, what could not be judged and why, the documented
 * expectations, what many falls have in common, then what fell, and last the sum. `quiet` leaves out all but what fell
 * and the sum.
 */
export function terminal(report: Report, options?: ReportOptions): string {
  const page = new Page(options)
  if (!page.quiet) {
    header(page, report)
    results(page, report)
    unjudged(page, report)
    expectations(page, report)
  }
  alike(page, report)
  if (!page.quiet) softer(page, report)
  findings(page, report)
  failures(page, report)
  sum(page, report)
  return page.toString()
}
