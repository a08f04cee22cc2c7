import { UsageError } from '#model/errors'
import type { Redactor } from '#peers/session/session'
import type { Product } from '#cli/product'
import { resolveTargetsOf } from '#target/contract/contract'
import type { AnyContract } from '#target/contract/contract'
import { contractRedactor } from '#target/secrets/redactor'
import type { RunTarget } from '#target/target'
import { namesTarget } from './contract.ts'
import type { Options } from './options.ts'

/** The servers to test: the user's, or the reference server. */
export interface Subject {
  readonly targets: readonly RunTarget[]
  readonly contract: AnyContract
  readonly redactor: Redactor
  readonly isReference: boolean
  close(): Promise<void>
}

/**
 * Resolves the contract; a contract without a target starts the reference server. With `proxyUpstream`, a remote
 * Toxiproxy has to reach this machine, so that the reference server listens on every IPv4 address.
 * @throws UsageError if a URL cannot be a target, or none is given and there is no reference server.
 */
export async function openSubject(
  contract: AnyContract,
  { proxyUpstream }: Pick<Options, 'proxyUpstream'>,
  { protocols, startReference }: Pick<Product, 'protocols' | 'startReference'>,
): Promise<Subject> {
  if (namesTarget(contract, protocols)) {
    return {
      targets: resolveTargetsOf(protocols, contract),
      contract,
      redactor: contractRedactor(protocols, contract),
      isReference: false,
      close: async () => undefined,
    }
  }
  if (startReference === null) throw new UsageError('no target is given; give its URL')
  const reference = await startReference(proxyUpstream === null ? null : '0.0.0.0')
  return {
    targets: resolveTargetsOf(protocols, reference.contract).map((target) => ({
      ...target,
      name: 'reference',
    })),
    contract: reference.contract,
    redactor: contractRedactor(protocols, {}),
    isReference: true,
    close: () => reference.close(),
  }
}
