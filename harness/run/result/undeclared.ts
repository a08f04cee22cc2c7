import type { Capability } from '#model/model'
import type { Report, Result } from '#model/result'
import type { RunSettings } from '#run/settings'

/**
 * A capability that the contract declares and discovery cannot prove is a fail: one result for each, besides those
 * of the checks that need it, which run and say what is wrong.
 */
export function undeclared(settings: RunSettings, targets: Report['targets']): Result[] {
  return (settings.expects ?? []).flatMap((capability) =>
    targets.flatMap((target, index) => {
      const finding = target.capabilities[capability]
      const own = finding !== undefined && belongs(capability, target.protocol)
      return own && finding.state !== 'present'
        ? [unproven(capability, index, target, finding.evidence, settings)]
        : []
    }),
  )
}

function belongs(capability: Capability, protocol: string): boolean {
  return capability === 'ipv6' || capability.startsWith(protocol === 'websocket' ? 'ws.' : 'sse.')
}

function unproven(
  capability: Capability,
  index: number,
  target: Report['targets'][number],
  evidence: string,
  settings: RunSettings,
): Result {
  const protocol = target.protocol === 'websocket' ? 'ws' : 'sse'
  return {
    id: `${protocol}/contract/${capability.replaceAll('.', '-')}`,
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
    actual: evidence,
    close: null,
    faults: [],
    measured: {},
    transcript: [],
    durationMs: 0,
    reproduce: `${settings.command} --seed ${settings.seed}`,
    autobahn: null,
  }
}
