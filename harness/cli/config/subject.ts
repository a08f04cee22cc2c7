import type { Contract, Targets } from '#target/contract/contract'
import { resolveTargets } from '#target/contract/contract'
import { redactorFor } from '#target/secrets/redactor'
import type { Redactor } from '#peers/session/session'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import type { Options } from './options.ts'
import { referenceContract } from './reference-contract.ts'

/** What is judged: somebody's server, or the embedded reference. */
export interface Subject {
  readonly targets: Targets
  /** Names for the report; null: the redacted URL. */
  readonly shown: { readonly websocket: string | null; readonly sse: string | null }
  readonly contract: Contract
  readonly redactor: Redactor
  readonly isReference: boolean
  close(): Promise<void>
}

/**
 * Resolves the contract; one without a target starts the reference. Throws a `UsageError` for what is no target.
 * A Toxiproxy elsewhere, which reaches this machine at `proxyUpstream`, finds the reference on every IPv4 address.
 */
export async function openSubject(
  contract: Contract,
  { proxyUpstream }: Pick<Options, 'proxyUpstream'>,
): Promise<Subject> {
  if (contract.ws !== undefined || contract.sse !== undefined) {
    return {
      targets: resolveTargets(contract),
      shown: { websocket: null, sse: null },
      contract,
      redactor: redactorFor(contract),
      isReference: false,
      close: async () => undefined,
    }
  }
  const reference: Reference = await startReference(proxyUpstream === null ? {} : { host: '0.0.0.0' })
  const own = referenceContract(reference)
  return {
    targets: resolveTargets(own),
    shown: { websocket: 'reference', sse: 'reference' },
    contract: own,
    redactor: redactorFor({}),
    isReference: true,
    close: () => reference.close(),
  }
}
