import { readFileSync } from 'node:fs'
import { UsageError } from '#model/errors'
import { systemReason } from '#cli/output/files'
import { contractShape, parseContractOf } from '#target/contract/contract'
import type { AnyContract } from '#target/contract/contract'
import type { ProtocolModule } from '#target/protocol'
import { keyOf } from './options.ts'
import type { OptionTable } from './options.ts'

export type Protocols = readonly ProtocolModule<unknown>[]

/** The contract of the file, with the values of the options in place of the file's. */
export function contractOf(
  values: Readonly<Record<string, unknown>>,
  fromFile: Readonly<Record<string, unknown>>,
  table: OptionTable,
  protocols: Protocols,
): AnyContract {
  const contract: Record<string, unknown> = {}
  for (const key of Object.keys(contractShape(protocols)))
    if (fromFile[key] !== undefined) contract[key] = fromFile[key]
  for (const [name, spec] of table) {
    if (spec.contract !== true) continue
    const value = name === 'ca' && typeof values[name] === 'string' ? pem(values[name]) : values[name]
    const [key = name, member] = keyOf(name, spec).split('.')
    const isEmpty = value === null || value === false || (Array.isArray(value) && value.length === 0)
    if (member === undefined && isEmpty) delete contract[key]
    else if (member === undefined) contract[key] = value
    else if (!isEmpty) contract[key] = { ...(contract[key] as object | undefined), [member]: value }
  }
  return parseContractOf(protocols, contract, 'the target')
}

/** @param given the path of a PEM file, or the PEM text itself. */
function pem(given: string): string {
  if (given.includes('-----BEGIN ')) return given
  let text: string
  try {
    text = readFileSync(given, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read the PEM file ${given}: ${systemReason(error)}`)
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new UsageError(`${given} does not contain a certificate in PEM format`)
  return text
}

/** True: the contract has the URL of a target. */
export function namesTarget(contract: AnyContract, protocols: Protocols): boolean {
  return protocols.some(({ targetKeys }) => targetKeys.some((key) => contract[key] !== undefined))
}
