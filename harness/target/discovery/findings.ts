import type { Capability, CapabilityFinding } from '#model/model'
import type { Endpoint } from '#peers/session/endpoint'

export type Findings = Partial<Record<Capability, CapabilityFinding>>

export const present = (evidence: string): CapabilityFinding => ({ state: 'present', evidence })
export const absent = (evidence: string): CapabilityFinding => ({ state: 'absent', evidence })
export const broken = (evidence: string): CapabilityFinding => ({ state: 'broken', evidence })

/** What the contract alone decides: the origins. */
export function originFindings(endpoint: Endpoint): Findings {
  const prefix = endpoint.protocol === 'websocket' ? 'ws' : 'sse'
  const denied =
    endpoint.deniedOrigin === null
      ? absent('no origin to refuse is given: --denied-origin URL')
      : present('the contract names an origin to refuse')
  const allowed =
    endpoint.allowedOrigin === null
      ? absent('no origin to accept is given: --allowed-origin URL')
      : present('the contract names an origin to accept')
  return { [`${prefix}.denied-origin`]: denied, [`${prefix}.allowed-origin`]: allowed }
}

/** What a plain-text address is for is judged by checks: that one is given is all that they need. */
export function plainFinding({ plainUrl, protocol }: Endpoint): CapabilityFinding {
  const key = protocol === 'websocket' ? 'ws' : 'sse'
  return plainUrl === null
    ? absent(`no plain-text address of the secure service is given: plainUrl.${key} in the config file`)
    : present('the contract names a plain-text address of the secure service')
}

/** A declared capability that could not be proven is broken, not absent: its checks run, and say what is wrong. */
export function asDeclared(findings: Findings, expects: readonly Capability[]): Findings {
  const declared = new Set<string>(expects)
  return Object.fromEntries(
    Object.entries(findings).map(([capability, finding]) =>
      declared.has(capability) && finding.state === 'absent'
        ? [capability, broken(`declared by the contract, but not found: ${finding.evidence}`)]
        : [capability, finding],
    ),
  )
}

/** Asks two questions, side by side or one after the other. */
export type Both = <A, B>(one: () => Promise<A>, other: () => Promise<B>) => Promise<[A, B]>

export const sideBySide: Both = (one, other) => Promise.all([one(), other()])

/** For a target that has room for few connections. */
export const oneByOne: Both = async (one, other) => [await one(), await other()]
