import { summaryKeys } from '#model/result'
import type { Report, Summary } from '#model/result'
import { html } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { headline } from '#reports/view/headline'
import { fallenOf, remedies } from '#reports/view/overview'
import { duration, meanings, symbols, protocolTitle, verdicts } from '#reports/view/words'
import { capital } from './parts.ts'

/** The first screen: pass or not, of whom, every count. */
export function top(report: Report): Markup {
  const { ok, word, says } = headline(report)
  const { run } = report
  return html`<header class="${ok ? 'ok' : 'bad'}">
    <div class="wide">
      <p class="brand">Streamproof</p>
      <h1>
        <span class="sign" aria-hidden="true">${ok ? symbols.pass : symbols.fail}</span> ${capital(word)}
      </h1>
      <p class="says">${capital(says)}.</p>
      <dl class="facts">
        ${report.targets.map(
          ({ protocol, url }) =>
            html`<div>
              <dt>${protocolTitle(report, protocol)}</dt>
              <dd><code>${url}</code></dd>
            </div>`,
        )}
        <div>
          <dt>Exit status</dt>
          <dd>${run.exitCode}</dd>
        </div>
        <div>
          <dt>Engine</dt>
          <dd>${run.engine.kind} ${run.engine.version}</dd>
        </div>
        <div>
          <dt>Seed</dt>
          <dd>${String(run.seed)}</dd>
        </div>
        <div>
          <dt>Took</dt>
          <dd>${duration(run.durationMs)}</dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>
            <time datetime="${run.startedAt}"
              >${run.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time
            >
          </dd>
        </div>
      </dl>
      ${bar(report.summary)} ${counts(report.summary)} ${notes(report)}
    </div>
  </header>`
}

/** All results on one line, by share; a picture of the counts that follow. */
function bar(summary: Summary): Markup | null {
  if (summary.total === 0) return null
  const widest = 1000
  let at = 0
  const pieces = verdicts.toReversed().flatMap((verdict) => {
    const count = summary[summaryKeys[verdict]]
    if (count === 0) return []
    // The last of a thousand units goes to whoever comes last, so that no gap is left; small counts stay visible.
    const width = Math.max(8, (count / summary.total) * widest)
    const x = at
    at += width
    return [{ verdict, x, width }]
  })
  return html`<svg
    class="bar"
    viewBox="0 0 ${at.toFixed(1)} 10"
    preserveAspectRatio="none"
    aria-hidden="true"
    focusable="false"
  >
    ${pieces.map(({ verdict, x, width }) => html`<rect class="f-${verdict}" x="${x.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="10"></rect>`)}
  </svg>`
}

/** Each count leads to the results; with the script, to those of its verdict. */
function counts(summary: Summary): Markup {
  const items = verdicts.map((verdict) => {
    const count = summary[summaryKeys[verdict]]
    return html`<li class="v-${verdict}${count === 0 ? ' none' : ''}" title="${meanings[verdict]}">
      <a href="#results" data-only="${verdict}"
        ><strong>${count}</strong>
        <span><span aria-hidden="true">${symbols[verdict]}</span> ${verdict}</span></a
      >
    </li>`
  })
  const flaky =
    summary.flaky === 0
      ? null
      : html`<li>
          <div><strong>${summary.flaky}</strong> <span>flaky</span></div>
        </li>`
  return html`<ul class="counts">
    <li>
      <a href="#results" data-only=""><strong>${summary.total}</strong> <span>total</span></a>
    </li>
    ${items}${flaky}
  </ul>`
}

/** More remedies than these would push what fell off the first screen. */
const mostOpen = 3

function notes(report: Report): Markup | null {
  const remedy = remedies(report)
  const { findings } = report.run
  const fell = fallenOf(report).length
  if (remedy.length === 0 && findings.length === 0 && fell === 0) return null
  return html`<div class="notes">
    ${
      findings.length === 0
        ? null
        : html`<p>Findings of the run:</p>
            <ul>
              ${findings.map((text) => html`<li>${text}</li>`)}
            </ul>`
    }
    ${
      remedy.length === 0
        ? null
        : html`<details ${remedy.length > mostOpen ? null : { markup: 'open' }}>
            <summary>Not-applicable checks are turned on by</summary>
            <ul>
              ${remedy.map((text) => html`<li>${text}</li>`)}
            </ul>
          </details>`
    }
  </div>`
}
