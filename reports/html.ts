import { createHash } from 'node:crypto'
import type { Report } from '#model/result'
import { html as markup } from './escape/html.ts'
import { comparison } from './html/comparison.ts'
import { script, style } from './html/assets.ts'
import { alike, fallen, softer, unjudged } from './html/findings.ts'
import { results } from './html/results.ts'
import { top } from './html/summary.ts'
import { targets } from './html/targets.ts'
import type { ReportOptions } from './view/options.ts'
import { headline } from './view/headline.ts'

/**
 * One page that needs nothing else: no network, no other file, and no script either (that one only filters, copies and
 * opens). The policy admits this style and this script by their hashes and nothing more, so that a text that got
 * through as markup would still not run.
 */
export function html(report: Report, _options?: ReportOptions): string {
  const { word, says } = headline(report)
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
<title>${`Streamproof: ${word}, ${says}`}</title>
<style>${{ markup: style }}</style>
</head>
<body>
<a class="skip" href="#results">Skip to the results</a>
${top(report)}
<main>
${alike(report)}
${fallen(report)}
${comparison(report)}
${softer(report)}
${unjudged(report)}
${results(report)}
${targets(report)}
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
