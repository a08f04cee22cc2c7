import { createHash } from 'node:crypto'
import type { Report } from '#model/result'
import { html as markup } from './escape/html.ts'
import { expectationSection } from './html/expectations.ts'
import { script, style } from './html/assets.ts'
import { commonCauseSection, failureSection, unjudgedSection, warningSection } from './html/failures.ts'
import { resultSection } from './html/results.ts'
import { pageHeader } from './html/header.ts'
import { targetSection } from './html/targets.ts'
import type { ReportOptions } from './view/options.ts'
import { headline } from './view/headline.ts'

/**
 * One page that needs no network and no other file. It is complete without its script, which only filters, copies and
 * opens results. The policy admits this style and this script by their hashes and nothing else: markup that a target
 * smuggled into the page would not run.
 */
export function html(report: Report, _options?: ReportOptions): string {
  const { word, sentence } = headline(report)
  const policy = [
    "default-src 'none'",
    `style-src ${hash(style)}`,
    `script-src ${hash(script)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${`Streamproof: ${word}, ${sentence}`}</title>
<style>${{ markup: style }}</style>
</head>
<body>
<a class="skip" href="#results">Skip to the results</a>
${pageHeader(report)}
<main>
${commonCauseSection(report)}
${failureSection(report)}
${expectationSection(report)}
${warningSection(report)}
${unjudgedSection(report)}
${resultSection(report)}
${targetSection(report)}
</main>
<footer><p>${`Streamproof ${report.tool.version}`} · run ${report.run.id} · node ${report.run.node} · ${report.run.platform}</p></footer>
<script>${{ markup: script }}</script>
</body>
</html>
`
  return page.markup
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`
}
