import { commandFor, conditionWords, quoted } from '#target/contract/command'
import type { Contract } from '#target/contract/contract'
import type { Configuration, Given } from '#cli/config/configuration'
import type { OptionName } from '#cli/config/options'
import { keyOf } from '#cli/config/options'

/**
 * The start of the command that repeats a check: the target, and all else that decides the verdict. What the config
 * file says is said by naming that file, so that what no flag can say is there as well.
 */
export function repeatCommand(configuration: Configuration, env: Given['env']): string {
  const { options, contract, file } = configuration
  const fromFile = (key: string): boolean => configuration.origins.get(key)?.source === 'file'
  const own = <Name extends OptionName>(name: Name): Configuration['options'][Name] | undefined =>
    fromFile(keyOf(name)) ? undefined : options[name]
  const more = conditionWords({
    proxy: own('proxy'),
    proxyListen: own('proxyListen'),
    proxyAdvertise: own('proxyAdvertise'),
    proxyUpstream: own('proxyUpstream'),
    timeoutScale: own('timeoutScale'),
  })
  // By itself the engine is the one of this variable, which whoever repeats the check may not have.
  const around = env['TOXIPROXY_URL'] ?? ''
  if (options.proxy === 'auto' && around !== '')
    more.push(...conditionWords({ proxy: around }, 'TOXIPROXY_URL'))
  const ca = own('ca') ?? null
  if (ca !== null) more.push('--ca', ca.includes('-----BEGIN ') ? '"$STREAMPROOF_CA"' : quoted(ca))
  if (file !== null) more.push('--config', quoted(file))
  return commandFor(withoutFile(contract, fromFile), more)
}

/** The contract as flags and variables told it. */
function withoutFile(contract: Contract, fromFile: (key: string) => boolean): Contract {
  const entries = Object.entries(contract).filter(
    ([key]) => !fromFile(key === 'publish' ? 'publish.url' : key),
  )
  return Object.fromEntries(entries) as Contract
}
