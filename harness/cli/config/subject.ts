import { redactorFor, resolveTargets } from '#protocols/index'
import type { Contract } from '#protocols/index'
import type { RunTarget } from '#target/target'
import type { Redactor } from '#peers/session/session'
import { startReference } from '#reference/start'
import type { Reference } from '#reference/start'
import type { Options } from './options.ts'
import { referenceContract } from './reference-contract.ts'

/** The server to test: the user's, or the embedded reference server. */
export interface Subject {
  readonly targets: readonly RunTarget[]
  readonly contract: Contract
  readonly redactor: Redactor
  readonly isReference: boolean
  close(): Promise<void>
}

/**
 * Resolves the contract; a contract without a target starts the reference server. With `proxyUpstream`, a remote
 * Toxiproxy has to reach this machine, so that the reference server listens on every IPv4 address.
 * @throws UsageError if a URL cannot be a target.
 */
export async function openSubject(
  contract: Contract,
  { proxyUpstream }: Pick<Options, 'proxyUpstream'>,
): Promise<Subject> {
  if (contract.ws !== undefined || contract.sse !== undefined) {
    return {
      targets: resolveTargets(contract),
      contract,
      redactor: redactorFor(contract),
      isReference: false,
      close: async () => undefined,
    }
  }
  const reference: Reference = await startReference(proxyUpstream === null ? {} : { host: '0.0.0.0' })
  const referenceTarget = referenceContract(reference)
  return {
    targets: resolveTargets(referenceTarget).map((target) => ({ ...target, name: 'reference' })),
    contract: referenceTarget,
    redactor: redactorFor({}),
    isReference: true,
    close: () => reference.close(),
  }
}
