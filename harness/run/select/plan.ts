import type { PlacedCheck } from '#model/catalogue'
import type { Capability } from '#model/model'
import type { Report } from '#model/result'

type Found = Report['targets']

/** A check that was selected, and why it is not observed, if it is not. */
export interface Planned<Kit> {
  readonly check: PlacedCheck<Kit>
  /** Null: it applies. Else one sentence: the missing capability, what discovery saw, and what would turn it on. */
  readonly notApplicable: string | null
  /** Index of its target; null for a check that compares both. */
  readonly target: number | null
  /** Has to run with nothing beside it, though the check itself could do with company. */
  readonly alone?: boolean
}

/** Where messages go to everybody, checks that wait for an echo would take each other's for theirs. */
export function apart<Kit>(plan: readonly Planned<Kit>[]): Planned<Kit>[] {
  return plan.map((planned) =>
    planned.check.needs?.some((capability) => capability.startsWith('ws.echo')) === true
      ? { ...planned, alone: true }
      : planned,
  )
}

/** Which of the selected checks apply. Checks of a protocol for which no target is given are left out. */
export function planChecks<Kit>(checks: readonly PlacedCheck<Kit>[], targets: Found): Planned<Kit>[] {
  return checks.flatMap((check) => {
    const target =
      check.protocol === 'both' ? null : targets.findIndex(({ protocol }) => protocol === check.protocol)
    return target === -1 ? [] : [{ check, target, notApplicable: whyNot(check, targets) }]
  })
}

function whyNot(check: PlacedCheck, targets: Found): string | null {
  if (check.protocol === 'both' && targets.length < 2) {
    const missing = targets[0]?.protocol === 'websocket' ? 'an sse' : 'a websocket'
    return `compares both protocols, and ${missing} target is not given`
  }
  for (const capability of check.needs ?? []) {
    for (const finding of findingsOf(capability, check, targets)) {
      if (finding.state === 'absent') return `needs ${capability}: ${finding.evidence}`
    }
  }
  return null
}

function findingsOf(
  capability: Capability,
  check: PlacedCheck,
  targets: Found,
): Found[number]['capabilities'][string][] {
  const owner = capability.startsWith('ws.')
    ? 'websocket'
    : capability.startsWith('sse.')
      ? 'sse'
      : check.protocol
  const asked = targets.filter(({ protocol }) => owner === 'both' || protocol === owner)
  return asked.map(
    ({ capabilities }) => capabilities[capability] ?? { state: 'absent', evidence: 'not looked for' },
  )
}
