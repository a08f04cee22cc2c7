import { UsageError } from '#model/errors'
import type { Contract } from '#protocols/index'
import { headerList } from '#target/contract/headers'
import { shownUrl } from '#common/url'
import { configure } from '#cli/config/configuration'
import type { Configuration } from '#cli/config/configuration'
import { exitCodes } from '#cli/process/exit'
import type { CommandHandler } from '#cli/config/invocation'
import { hangingIndent } from '#cli/output/layout'
import { keyOf, optionNames, optionSpec } from '#cli/config/options'

/** `config --print`: prints every option, its value, and where the value comes from. */
export const configCommand: CommandHandler = async (invocation) => {
  if (invocation.flags['print'] !== true)
    throw new UsageError('config needs --print, which prints every option and its value')
  const configuration = await configure(invocation)
  for (const warning of configuration.warnings) invocation.terminal.diagnose(warning)
  const rows = [...configuration.origins.entries()]
    .toSorted(([a], [b]) => rank(a) - rank(b))
    .map(([key, { place }]) => [key, shown(key, configuration), place] as const)
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
function rank(key: string): number {
  const index = optionNames.findIndex((name) => keyOf(name) === key)
  return index === -1 ? optionNames.length : index
}

/** The value, with stars in place of credentials. */
function shown(key: string, { options, contract }: Configuration): string {
  const name = optionNames.find((option) => keyOf(option) === key)
  if (name === undefined) return fileOnly(key, contract)
  if (name === 'header') return listed(headerList(options.header).map(([header]) => `${header}: ***`))
  if (name === 'report') {
    return listed(options.report.map(({ format, path }) => (path === null ? format : `${format}=${path}`)))
  }
  const value = options[name]
  if (value === null) return '-'
  if (typeof value === 'object') return listed(value)
  if (typeof value === 'string' && optionSpec(name).holdsUrl === true) return address(value)
  if (name === 'wait' || name === 'maxTime') return `${value}ms`
  if (name === 'ca' && String(value).includes('-----BEGIN ')) return 'PEM'
  return String(value)
}

function listed(words: readonly string[]): string {
  return words.length === 0 ? '-' : words.join(', ')
}

function address(text: string): string {
  // `host:port` may follow a user name and password, too.
  if (!text.includes('://')) return /[@?]/.test(text) ? '***' : text
  return URL.canParse(text) ? shownUrl(new URL(text)) : '*** (not a URL)'
}

/** The value of a key that only a config file can have. */
function fileOnly(
  key: string,
  { publish, opening, secureUrl, plainUrl, expects, budgets }: Contract,
): string {
  switch (key) {
    case 'publish.method':
      return publish?.method ?? '-'
    case 'publish.headers':
      return listed(headerList(publish?.headers).map(([header]) => `${header}: ***`))
    case 'opening':
      return listed((opening ?? []).map((step) => `${Object.keys(step).join('')}: ***`))
    case 'secureUrl':
      return addresses(secureUrl)
    case 'plainUrl':
      return addresses(plainUrl)
    case 'expects':
      return listed(expects ?? [])
    case 'budgets':
      return listed(Object.entries(budgets ?? {}).map(([id, ms]) => `${id}: ${ms}ms`))
    default:
      return '***'
  }
}

function addresses(urls: Readonly<Record<string, string>> | undefined): string {
  return listed(Object.entries(urls ?? {}).map(([protocol, url]) => `${protocol} ${address(url)}`))
}
