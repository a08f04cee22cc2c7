import type { CapabilityFinding } from '#model/model'
import type { ProtocolFacts } from '#model/protocol'
import type { Endpoint } from '#peers/session/endpoint'

/** What was found, by capability. */
export type Findings = Readonly<Record<string, CapabilityFinding>>

export const present = (evidence: string): CapabilityFinding => ({ state: 'present', evidence })
export const absent = (evidence: string): CapabilityFinding => ({ state: 'absent', evidence })
export const broken = (evidence: string): CapabilityFinding => ({ state: 'broken', evidence })

/** What the contract alone decides: origins, and the plain-text address of a secure service. */
export function contractFindings({ prefix }: Pick<ProtocolFacts, 'prefix'>, endpoint: Endpoint): Findings {
  const { deniedOrigin, allowedOrigin, plainUrl } = endpoint
  return {
    [`${prefix}.denied-origin`]:
      deniedOrigin === null
        ? absent('no origin to refuse is given: --denied-origin URL')
        : present('the contract names an origin to refuse'),
    [`${prefix}.allowed-origin`]:
      allowedOrigin === null
        ? absent('no origin to accept is given: --allowed-origin URL')
        : present('the contract names an origin to accept'),
    [`${prefix}.plain`]:
      plainUrl === null
        ? absent(
            `no plain-text address of the secure service is given: plainUrl.${prefix} in the config file`,
          )
        : present('the contract names a plain-text address of the secure service'),
  }
}

/** A declared capability that could not be proven is broken, not absent: its checks run, and say what is wrong. */
export function asDeclared(findings: Findings, expects: readonly string[]): Findings {
  const declared = new Set(expects)
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

/** For a target that accepts few connections. */
export const oneByOne: Both = async (one, other) => [await one(), await other()]
