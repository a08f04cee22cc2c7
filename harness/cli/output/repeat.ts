import type { Product } from '#cli/product'
import { conditionWords, contractCommand, quoted } from '#target/contract/command'
import type { AnyContract } from '#target/contract/contract'
import type { CommandInput, Configuration } from '#cli/config/configuration'
import type { OptionName } from '#cli/config/options'

/**
 * The start of the command that repeats a check: the target, and every option that can change the verdict. Values of
 * the config file are given by naming that file, since some of them have no flag.
 */
export function repeatCommand(
  configuration: Configuration,
  env: CommandInput['env'],
  protocols: Product['protocols'],
): string {
  const { options, contract, file } = configuration
  const fromFile = (key: string): boolean => configuration.origins.get(key)?.source === 'file'
  const unlessInFile = <Name extends OptionName>(name: Name): Configuration['options'][Name] | undefined =>
    fromFile(name) ? undefined : options[name]
  const more = conditionWords({
    proxy: unlessInFile('proxy'),
    proxyListen: unlessInFile('proxyListen'),
    proxyAdvertise: unlessInFile('proxyAdvertise'),
    proxyUpstream: unlessInFile('proxyUpstream'),
    timeoutScale: unlessInFile('timeoutScale'),
  })
  // `auto` uses this variable, which may not be set where the command is pasted.
  const toxiproxyUrl = env['TOXIPROXY_URL'] ?? ''
  if (options.proxy === 'auto' && toxiproxyUrl !== '')
    more.push(...conditionWords({ proxy: toxiproxyUrl }, 'TOXIPROXY_URL'))
  const ca = unlessInFile('ca') ?? null
  if (ca !== null) more.push('--ca', ca.includes('-----BEGIN ') ? '"$STREAMPROOF_CA"' : quoted(ca))
  if (file !== null) more.push('--config', quoted(file))
  return contractCommand(protocols, withoutFile(contract, fromFile), more)
}

/** The part of the contract that flags and variables gave. */
function withoutFile(contract: AnyContract, fromFile: (key: string) => boolean): AnyContract {
  const entries = Object.entries(contract).filter(
    ([key]) => !fromFile(key === 'publish' ? 'publish.url' : key),
  )
  return Object.fromEntries(entries)
}
