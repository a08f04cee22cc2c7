import type { Report } from '#model/result'
import { html } from '#reports/escape/html'
import type { Markup } from '#reports/escape/html'
import { cut } from '#reports/escape/visible'
import { capabilitiesOf } from '#reports/view/overview'
import { protocolTitle } from '#reports/view/words'

const stateSymbols = { present: '✓', broken: '~', absent: '–' } as const

/** The capabilities of each target, with the evidence. */
export function targetSection(report: Report): Markup | null {
  if (report.targets.length === 0) return null
  return html`<section id="targets" aria-labelledby="targets-title">
    <h2 id="targets-title">Capabilities of the targets</h2>
    ${report.targets.map((target) => {
      const { present, broken, absent } = capabilitiesOf(target)
      const rows = [...present, ...broken, ...absent].map((name) => {
        const state = target.capabilities[name]?.state ?? 'absent'
        const evidence = target.capabilities[name]?.evidence ?? ''
        return html`<tr>
          <th scope="row"><code>${name}</code></th>
          <td>
            <span class="badge c-${state}"
              ><span aria-hidden="true">${stateSymbols[state]}</span> ${state}</span
            >
          </td>
          <td>${cut(evidence, 4000)}</td>
        </tr>`
      })
      return html`<h3>${protocolTitle(report, target.protocol)} <code>${target.url}</code></h3>
        <div class="scroll" tabindex="0" role="region" aria-label="Capabilities">
          <table class="capabilities">
            <thead>
              <tr>
                <th scope="col">capability</th>
                <th scope="col">state</th>
                <th scope="col">evidence</th>
              </tr>
            </thead>
            <tbody>
              ${rows}
            </tbody>
          </table>
        </div>`
    })}
  </section>`
}
