import type { ProtocolFacts } from '#model/protocol'
import type { PlanOutline, RunHooks } from '#run/settings'
import type { Terminal } from './terminal.ts'

/** Characters of the progress bar. */
const barLength = 20

/** Shows the progress of a run: one line that is rewritten on a terminal, a few short lines elsewhere. */
export function progressHooks(
  terminal: Terminal,
  ascii: boolean,
  protocols: readonly ProtocolFacts[],
): RunHooks {
  let applicable = 0
  let done = 0
  /** Quarters of the checks that a note has reported as done. */
  let quarters = 0
  let failed = 0
  const running = new Set<string>()
  const show = (): void => {
    const filled = Math.round((barLength * done) / Math.max(1, applicable))
    const bar = ascii
      ? `[${'#'.repeat(filled)}${'.'.repeat(barLength - filled)}]`
      : `${'█'.repeat(filled)}${'░'.repeat(barLength - filled)}`
    const [oldest = ''] = running
    const failures = failed === 0 ? '' : `  ${failed} failed`
    terminal.progress(`${bar}  ${done}/${applicable}${failures}  ${oldest}`)
  }
  return {
    discovering(protocol, url) {
      const text = `discovering what the ${protocols.find(({ id }) => id === protocol)?.serverTitle ?? protocol} supports: ${url}`
      terminal.progress(text)
      terminal.note(text)
    },
    planned(plan) {
      applicable = plan.applicable
      terminal.note(planned(plan))
      show()
    },
    started(id) {
      running.add(id)
      show()
    },
    observed(id, verdict, repeats) {
      running.delete(id)
      // A check that is run again counts once it has its final verdict.
      if (repeats) {
        show()
        return
      }
      done = Math.min(done + 1, applicable)
      if (verdict === 'fail' || verdict === 'warn') failed += 1
      const reached = Math.min(3, Math.floor((4 * done) / applicable))
      if (reached > quarters) terminal.note(`${done} of ${applicable} checks done`)
      quarters = Math.max(quarters, reached)
      show()
    },
    finding(text) {
      terminal.diagnose(text)
    },
  }
}

/** `422 checks: 407 applicable (18 exclusive), 15 not applicable`. */
function planned({ total, applicable, notApplicable, exclusive }: PlanOutline): string {
  const checks = `${total} ${total === 1 ? 'check' : 'checks'}`
  return `${checks}: ${applicable} applicable (${exclusive} exclusive), ${notApplicable} not applicable`
}
