import { ownerOf } from '#model/protocol'
import type { ProtocolFacts } from '#model/protocol'
import type { Report, Result } from '#model/result'
import type { RunSettings } from '#run/settings'

/**
 * A failure for each capability that the contract declares and discovery cannot prove, in addition to the results of
 * the checks that need it, which run and say what is wrong.
 */
export function unmetDeclaredCapabilities(
  settings: RunSettings,
  targets: Report['targets'],
  protocols: readonly ProtocolFacts[],
): Result[] {
  return (settings.expects ?? []).flatMap((capability) => {
    const owner = ownerOf(protocols, capability)
    return targets.flatMap((target, index) => {
      const finding = target.capabilities[capability]
      const isOwn = owner === null || owner.id === target.protocol
      if (finding === undefined || !isOwn || finding.state === 'present') return []
      const prefix = protocols.find(({ id }) => id === target.protocol)?.prefix ?? target.protocol
      return [
        unproven(
          `${prefix}/contract/${capability.replaceAll('.', '-')}`,
          capability,
          index,
          target,
          settings,
        ),
      ]
    })
  })
}

function unproven(
  id: string,
  capability: string,
  index: number,
  target: Report['targets'][number],
  settings: RunSettings,
): Result {
  return {
    id,
    target: index,
    title: `has ${capability}, as its contract declares`,
    protocol: target.protocol,
    role: target.role,
    topic: 'compatibility',
    level: 'MUST',
    clause: { spec: 'STREAMPROOF', section: 'contract', url: null },
    verdict: 'fail',
    attempts: { total: 1, failed: 1 },
    cause: null,
    reason: null,
    enable: null,
    expected: `${capability}, as the contract declares`,
    actual: target.capabilities[capability]?.evidence ?? null,
    close: null,
    faults: [],
    measured: {},
    transcript: [],
    durationMs: 0,
    reproduce: `${settings.command} --seed ${settings.seed}`,
    autobahn: null,
  }
}
