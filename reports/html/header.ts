import { verdicts } from '#model/model'
import { summaryKeys } from '#model/result'
import type { Report, Summary } from '#model/result'
import { html } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { headline } from '#reports/view/headline'
import { waysToEnable } from '#reports/view/overview'
import { capitalized, duration, protocolTitle, verdictMeanings, verdictSymbols } from '#reports/view/words'

/** The first screen: passed or not, the targets, every count. */
export function pageHeader(report: Report): Markup {
  const { ok, word, sentence } = headline(report)
  const { run } = report
  return html`<header class="${ok ? 'ok' : 'bad'}">
    <div class="wide">
      <p class="brand">Streamproof</p>
      <h1>
        <span class="sign" aria-hidden="true">${ok ? verdictSymbols.pass : verdictSymbols.fail}</span>
        ${capitalized(word)}
      </h1>
      <p class="says">${capitalized(sentence)}.</p>
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
          <dt>Proxy engine</dt>
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

/** A bar with the share of each verdict: a picture of the counts below it. */
function bar(summary: Summary): Markup | null {
  if (summary.total === 0) return null
  const wholeWidth = 1000
  let x = 0
  const pieces = verdicts.toReversed().flatMap((verdict) => {
    const count = summary[summaryKeys[verdict]]
    if (count === 0) return []
    // Small counts stay visible.
    const width = Math.max(8, (count / summary.total) * wholeWidth)
    const piece = { verdict, x, width }
    x += width
    return [piece]
  })
  return html`<svg
    class="bar"
    viewBox="0 0 ${x.toFixed(1)} 10"
    preserveAspectRatio="none"
    aria-hidden="true"
    focusable="false"
  >
    ${pieces.map(({ verdict, x, width }) => html`<rect class="f-${verdict}" x="${x.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="10"></rect>`)}
  </svg>`
}

/** Each count links to the results; with the script, to the results of its verdict. */
function counts(summary: Summary): Markup {
  const items = verdicts.map((verdict) => {
    const count = summary[summaryKeys[verdict]]
    return html`<li class="v-${verdict}${count === 0 ? ' none' : ''}" title="${verdictMeanings[verdict]}">
      <a href="#results" data-only="${verdict}"
        ><strong>${count}</strong>
        <span><span aria-hidden="true">${verdictSymbols[verdict]}</span> ${verdict}</span></a
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

/** With more ways than these, the list is closed at first: failures should be on the first screen. */
const mostOpenWays = 3

function notes(report: Report): Markup | null {
  const ways = waysToEnable(report)
  const { findings } = report.run
  if (ways.length === 0 && findings.length === 0) return null
  return html`<div class="notes">
    ${
      findings.length === 0
        ? null
        : html`<p>Findings about the whole run:</p>
            <ul>
              ${findings.map((finding) => html`<li>${finding}</li>`)}
            </ul>`
    }
    ${
      ways.length === 0
        ? null
        : html`<details ${ways.length > mostOpenWays ? null : { markup: 'open' }}>
            <summary>To run the checks that are not applicable</summary>
            <ul>
              ${ways.map((way) => html`<li>${way}</li>`)}
            </ul>
          </details>`
    }
  </div>`
}
