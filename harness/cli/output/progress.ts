import type { PlanOutline, RunHooks } from '#run/settings'
import type { Terminal } from './terminal.ts'

/** What a person wants to know while a run is under way: one line that is rewritten, or a few short ones. */
export function progressHooks(terminal: Terminal, ascii: boolean): RunHooks {
  let applicable = 0
  let observed = 0
  let quarter = 1
  let fallen = 0
  const running = new Set<string>()
  const show = (): void => {
    const done = Math.round((20 * observed) / Math.max(1, applicable))
    const bar = ascii
      ? `[${'#'.repeat(done)}${'.'.repeat(20 - done)}]`
      : `${'█'.repeat(done)}${'░'.repeat(20 - done)}`
    const [oldest = ''] = running
    const falls = fallen === 0 ? '' : `  ${fallen} fell`
    terminal.progress(`${bar}  ${observed}/${applicable}${falls}  ${oldest}`)
  }
  return {
    discovering(protocol, url) {
      terminal.progress(`looking at what the ${protocol} target can do: ${url}`)
      terminal.note(`looking at what the ${protocol} target can do: ${url}`)
    },
    planned(plan) {
      applicable = plan.applicable
      terminal.note(plannedWords(plan))
      show()
    },
    started(id) {
      running.add(id)
      show()
    },
    observed(id, verdict, repeats) {
      running.delete(id)
      observed = Math.min(observed + 1, applicable)
      if (verdict !== 'pass' && !repeats) fallen += 1
      while (quarter <= 3 && observed >= (applicable * quarter) / 4) {
        terminal.note(`${observed} of ${applicable} observed`)
        quarter += 1
      }
      show()
    },
    finding(text) {
      terminal.diagnose(text)
    },
  }
}

/** `422 checks: 407 apply, 15 do not; 18 of them run alone`. */
function plannedWords({ total, applicable, notApplicable, exclusive }: PlanOutline): string {
  const apply = `${applicable} ${applicable === 1 ? 'applies' : 'apply'}`
  const not = `${notApplicable} ${notApplicable === 1 ? 'does' : 'do'} not`
  const alone = `${exclusive} of them ${exclusive === 1 ? 'runs' : 'run'} alone`
  return `${total} ${total === 1 ? 'check' : 'checks'}: ${apply}, ${not}; ${alone}`
}
