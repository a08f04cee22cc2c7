import { UsageError } from '#model/errors'
import type { AnyContract } from '#target/contract/contract'
import type { Product } from '#cli/product'
import { headerList } from '#target/contract/headers'
import { shownUrl } from '#common/url'
import { configure } from '#cli/config/configuration'
import type { Configuration } from '#cli/config/configuration'
import { exitCodes } from '#cli/process/exit'
import type { CommandHandler } from '#cli/config/invocation'
import { hangingIndent } from '#cli/output/layout'
import { keyOf, optionsOf } from '#cli/config/options'
import type { OptionTable, Options } from '#cli/config/options'

/** `config --print`: prints every option, its value, and where the value comes from. */
export const configCommand: CommandHandler = async (invocation) => {
  if (invocation.flags['print'] !== true)
    throw new UsageError('config needs --print, which prints every option and its value')
  const { protocols } = invocation.product
  const table = optionsOf(protocols)
  const configuration = await configure(invocation, protocols)
  for (const warning of configuration.warnings) invocation.terminal.diagnose(warning)
  const rows = [...configuration.origins.entries()]
    .toSorted(([a], [b]) => rank(a, table) - rank(b, table))
    .map(([key, { place }]) => [key, shown(key, configuration, table, protocols), place] as const)
  const [keyWidth, valueWidth] = ([0, 1] as const).map((column) =>
    Math.min(60, Math.max(...rows.map((row) => row[column].length))),
  )
  const width = invocation.terminal.listWidth
  const lines = rows.map(([key, value, place]) => {
    const heading = `${key.padEnd(keyWidth ?? 0)}  `
    const whole = `${heading}${value.padEnd(valueWidth ?? 0)}  ${place}`
    return whole.length <= width ? whole : hangingIndent(heading, `${value}  ${place}`, width)
  })
  invocation.terminal.print(lines.join('\n'))
  return exitCodes.ok
}

/** Options are in the order of help; keys that only a config file can have follow. */
function rank(key: string, table: OptionTable): number {
  const index = [...table].findIndex(([name, spec]) => keyOf(name, spec) === key)
  return index === -1 ? table.size : index
}

/** The value, with stars in place of credentials. */
function shown(
  key: string,
  { values, contract }: Configuration,
  table: OptionTable,
  protocols: Product['protocols'],
): string {
  const option = [...table].find(([name, spec]) => keyOf(name, spec) === key)
  if (option === undefined) return fileOnly(key, contract, protocols)
  const [name, { holdsUrl }] = option
  const value = values.get(key)
  if (name === 'header') {
    return listed(headerList(value as Options['header']).map(([header]) => `${header}: ***`))
  }
  if (name === 'report') {
    const wishes = value as Options['report']
    return listed(wishes.map(({ format, path }) => (path === null ? format : `${format}=${path}`)))
  }
  if (name === 'ca') return typeof value === 'string' && value.includes('-----BEGIN ') ? 'PEM' : plain(value)
  if (holdsUrl === true) return address(value)
  return typeof value === 'number' && isDuration(name) ? `${value}ms` : plain(value)
}

function isDuration(name: string): boolean {
  return name === 'maxTime' || name === 'wait'
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return '-'
  return Array.isArray(value) ? listed(value) : (value as string | number | boolean).toString()
}

function listed(words: readonly string[]): string {
  return words.length === 0 ? '-' : words.join(', ')
}

/** A URL without its credentials, or the whole request of a stream by its method and URL. */
function address(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'url' in value) {
    const method = 'method' in value ? `${String(value.method)} ` : ''
    return `${method}${address(value.url)}`
  }
  if (typeof value !== 'string') return '-'
  // `host:port` may follow a user name and password, too.
  if (!value.includes('://')) return /[@?]/.test(value) ? '***' : value
  return URL.canParse(value) ? shownUrl(new URL(value)) : '*** (not a URL)'
}

/** The value of a key that only a config file can have. */
function fileOnly(key: string, contract: AnyContract, protocols: Product['protocols']): string {
  switch (key) {
    case 'secureUrl':
      return addresses(contract.secureUrl)
    case 'plainUrl':
      return addresses(contract.plainUrl)
    case 'expects':
      return listed(contract.expects ?? [])
    case 'budgets':
      return listed(Object.entries(contract.budgets ?? {}).map(([id, ms]) => `${id}: ${ms}ms`))
    default:
      return protocols.map((protocol) => protocol.shown(key, contract)).find((text) => text !== null) ?? '***'
  }
}

function addresses(urls: Readonly<Record<string, string>> | undefined): string {
  return listed(Object.entries(urls ?? {}).map(([protocol, url]) => `${protocol} ${address(url)}`))
}
