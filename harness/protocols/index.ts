import type { Kit } from '#peers/kit'
import type { Redactor } from '#peers/session/session'
import { contractCommand } from '#target/contract/command'
import { contractRedactor } from '#target/secrets/redactor'
import { parseContractOf, resolveTargetsOf } from '#target/contract/contract'
import type { SharedContract } from '#target/contract/contract'
import type { ProtocolModule, ProtocolRegistry } from '#target/protocol'
import type { RunTarget } from '#target/target'
import { openServerKit } from './kit.ts'
import { sse } from './sse/index.ts'
import type { SseContract } from './sse/contract.ts'
import { websocket } from './websocket/index.ts'
import type { WebSocketContract } from './websocket/contract.ts'

/** The protocols that we judge, in the order in which reports show them. */
export const protocols: readonly ProtocolModule<Kit>[] = [websocket, sse]

export const registry: ProtocolRegistry<Kit> = { protocols, openKit: openServerKit }

/** All that the owner of targets can say about them: every key of the config file that is about a target. */
export interface Contract extends SharedContract, WebSocketContract, SseContract {}

/**
 * Checks a contract as a whole.
 * @param source where it was given, for the message: `streamproof.config.js`, `--publish-url`.
 * @throws UsageError in one line: the place, what is wrong there, and what may have been meant.
 */
export function parseContract(value: unknown, source?: string): Contract {
  return parseContractOf(protocols, value, source)
}

/** The servers that a contract names, in the order of the protocols. @throws UsageError */
export function resolveTargets(contract: Contract): RunTarget[] {
  return resolveTargetsOf(protocols, { ...contract })
}

/** Hides every credential of the contract, in every encoding. */
export function redactorFor(contract: Contract): Redactor {
  return contractRedactor(protocols, { ...contract })
}

/** The start of the command that repeats a check against the contract's targets. @param more further words. */
export function commandFor(contract: Contract, more?: readonly string[]): string {
  return contractCommand(protocols, { ...contract }, more)
}
