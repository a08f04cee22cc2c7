import type { PlacedCheck } from '#model/catalogue'
import type { CapabilityFinding } from '#model/model'
import { capabilitiesOf, ownerOf } from '#model/protocol'
import type { ProtocolFacts } from '#model/protocol'
import type { Report } from '#model/result'

type Targets = Report['targets']

/** Why a check does not apply, and what would make it apply. */
interface NotApplicable {
  /** One sentence: the missing capability, and what discovery found. */
  readonly reason: string
  /** An option, a key of the config file, or a property of the target. */
  readonly enable: string
}

/** A check that was selected, for one of the targets. */
export interface Planned<Kit> {
  readonly check: PlacedCheck<Kit>
  /** Null: it applies. */
  readonly notApplicable: NotApplicable | null
  /** Index of its target; null for a check that compares protocols. */
  readonly target: number | null
  /** Runs alone in this run, though the check itself is not exclusive. */
  readonly alone?: boolean
}

/**
 * Where the target passes messages on to every connection, checks that wait for an echo would take each other's for
 * their own: they run one at a time.
 */
export function serializeEchoChecks<Kit>(
  plan: readonly Planned<Kit>[],
  protocols: readonly ProtocolFacts[],
): Planned<Kit>[] {
  const facts = capabilitiesOf(protocols)
  return plan.map((planned) =>
    planned.check.needs?.some((capability) => facts[capability]?.echoes === true) === true
      ? { ...planned, alone: true }
      : planned,
  )
}

/**
 * Each selected check for each target of its protocol and role. Checks without a target are left out; so are those that
 * compare protocols where the run has a target of none of them.
 */
export function planChecks<Kit>(
  checks: readonly PlacedCheck<Kit>[],
  targets: Targets,
  protocols: readonly ProtocolFacts[],
): Planned<Kit>[] {
  return checks.flatMap((check) => {
    if (check.protocol === null) return comparison(check, targets, protocols)
    return targets.flatMap(({ protocol, role }, target) =>
      protocol === check.protocol && role === check.role
        ? [{ check, target, notApplicable: missingCapability(check, targets, [target], protocols) }]
        : [],
    )
  })
}

/** A check that compares protocols needs a target of each, and uses the first target of each protocol. */
function comparison<Kit>(
  check: PlacedCheck<Kit>,
  targets: Targets,
  protocols: readonly ProtocolFacts[],
): Planned<Kit>[] {
  const compared = (check.section.compares ?? []).flatMap((id) => protocols.filter((one) => one.id === id))
  const indexes = compared.map(({ id }) =>
    targets.findIndex(({ protocol, role }) => protocol === id && role === check.role),
  )
  if (indexes.every((index) => index === -1)) return []
  const absent = compared[indexes.indexOf(-1)]
  const notApplicable =
    absent === undefined
      ? missingCapability(check, targets, indexes, protocols)
      : {
          reason: `compares ${compared.map(({ id }) => id).join(' and ')}, and the run has no ${absent.id} target`,
          enable: `--${absent.prefix} URL`,
        }
  return [{ check, target: null, notApplicable }]
}

/** The first capability that the check needs and that a target has not. */
function missingCapability(
  check: PlacedCheck,
  targets: Targets,
  indexes: readonly number[],
  protocols: readonly ProtocolFacts[],
): NotApplicable | null {
  const facts = capabilitiesOf(protocols)
  for (const capability of check.needs ?? []) {
    const owner = ownerOf(protocols, capability)
    for (const index of indexes) {
      const target = targets[index]
      if (target === undefined || (owner !== null && owner.id !== target.protocol)) continue
      const { state, evidence }: CapabilityFinding = target.capabilities[capability] ?? {
        state: 'absent',
        evidence: 'discovery did not look for it',
      }
      if (state === 'absent')
        return { reason: `needs ${capability}: ${evidence}`, enable: facts[capability]?.enable ?? capability }
    }
  }
  return null
}
