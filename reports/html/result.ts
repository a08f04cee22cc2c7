import { isFlaky } from '#model/result'
import type { Result } from '#model/result'
import { html } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { cut } from '#reports/escape/visible'
import { transcriptOf } from '#reports/view/detail'
import type { TranscriptLine } from '#reports/view/detail'
import { clauseLabel } from '#reports/view/sections'
import { duration, endingText, faultLogText, faultText, flakyText } from '#reports/view/words'
import { anchor, badge, clauseLink } from './parts.ts'

/** Characters of one field. */
const fieldLength = 8000

/** One result: a line that opens to all details. */
export function row(result: Result): Markup {
  const open = result.verdict === 'fail' || result.verdict === 'harness-error'
  const { verdict, protocol, level, topic } = result
  return html`<details
    class="row e-${verdict}"
    id="${anchor(result)}"
    data-verdict="${verdict}"
    data-protocol="${protocol ?? 'compared'}"
    data-level="${level}"
    data-topic="${topic}"
    data-text="${`${result.id} ${result.title} ${clauseLabel(result.clause)}`.toLowerCase()}"
    ${open ? { markup: ' open' } : null}
  >
    <summary>
      <span class="mark">${badge(verdict)}</span>
      <span class="what"
        ><code>${result.id}</code>
        ${isFlaky(result) ? html`<span class="badge flaky">flaky</span> ` : null}<span class="claim"
          >${result.title}</span
        ></span
      >
      <span class="level dim">${level}</span>
    </summary>
    <div class="body">
      ${facts(result)} ${faults(result)} ${figures(result)} ${transcript(result)}
      <div class="again">
        <p class="dim">Repeat this check</p>
        <pre tabindex="0"><code>${result.reproduce}</code></pre>
        <button type="button" class="copy" hidden>Copy</button>
      </div>
    </div>
  </details>`
}

function facts(result: Result): Markup {
  const { clause, expected, actual, reason, close, autobahn } = result
  const pairs: readonly (readonly [string, Markup | string | null])[] = [
    ['clause', html`${clauseLink(clause)}`],
    ['expected', expected === null ? null : cut(expected, fieldLength)],
    ['actual', actual === null ? null : cut(actual, fieldLength)],
    ['reason', reason === null ? null : cut(reason, fieldLength)],
    ['ended', close === null ? null : endingText(close)],
    ['flaky', flakyText(result)],
    ['Autobahn', autobahn === null ? null : `case ${autobahn}`],
    ['took', duration(result.durationMs)],
  ]
  return html`<dl class="pair">
    ${pairs.map(([name, value]) =>
      value === null
        ? null
        : html`<dt>${name}</dt>
            <dd>${value}</dd>`,
    )}
  </dl>`
}

function faults(result: Result): Markup | null {
  if (result.faults.length === 0) return null
  return html`<h4>Faults</h4>
    <dl class="pair">
      ${result.faults.map(
        (fault) =>
          html`<dt>${fault.name}</dt>
            <dd>
              <p>${faultText(fault)}</p>
              <p class="dim">Proof: ${fault.proof}</p>
              ${fault.log?.map((entry) => html`<p class="dim">Engine: ${faultLogText(entry)}</p>`) ?? null}
            </dd>`,
      )}
    </dl>`
}

function figures(result: Result): Markup | null {
  const names = Object.keys(result.measured).toSorted()
  if (names.length === 0) return null
  return html`<h4>Measured</h4>
    <table class="figures">
      <tbody>
        ${names.map(
          (name) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${result.measured[name] ?? ''}</td>
            </tr>`,
        )}
      </tbody>
    </table>`
}

/** A passed check has a shorter transcript: enough to see what it did. */
const fullLimits = { field: fieldLength, entries: 1000, bytes: 2048 }
const shortLimits = { field: 500, entries: 24, bytes: 48 }

function transcript(result: Result): Markup | null {
  if (result.transcript.length === 0) return null
  const lines = transcriptOf(result, result.verdict === 'pass' ? shortLimits : fullLimits)
  return html`<h4>Transcript</h4>
    <div class="scroll tall" tabindex="0" role="region" aria-label="Transcript">
      <table class="transcript">
        <thead>
          <tr>
            <th scope="col">ms</th>
            <th scope="col">sender</th>
            <th scope="col">note and bytes</th>
          </tr>
        </thead>
        <tbody>
          ${lines.map(entry)}
        </tbody>
      </table>
    </div>`
}

/** Each row of bytes is an element, so that no line break has to be text. */
function entry({ time, from, note, hex }: TranscriptLine): Markup {
  const rows = hex.map((row) => html`<code class="hex">${row}</code>`)
  const bytes = rows.length === 0 ? null : html`<div class="bytes">${rows}</div>`
  return html`<tr class="t-${from ?? 'gap'}">
    <td>${time.replace(' ms', '')}</td>
    <td>${from ?? ''}</td>
    <td>${note}${bytes}</td>
  </tr> `
}
