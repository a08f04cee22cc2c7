import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { z } from 'zod'
import { UsageError } from '#model/errors'
import { contractShape, parseStrictly } from '#target/contract/contract'
import { parseContract, protocols } from '#protocols/index'
import type { Contract } from '#protocols/index'
import { closest, suggestion } from '#common/edit-distance'
import { loadConfigFile } from './file.ts'
import { systemReason } from '#cli/output/files'
import { flagOf, keyOf, optionNames, optionSpec, variableOf } from './options.ts'
import type { OptionName, Options } from './options.ts'

/** Where the value of an option comes from. The first source that has a value is used. */
export type Source = 'argument' | 'flag' | 'environment' | 'file' | 'default'

/** One line of `config --print`. */
export interface Origin {
  readonly source: Source
  /** `--jobs`, `STREAMPROOF_JOBS`, the path of the file, or `default`. */
  readonly place: string
}

export interface Configuration {
  readonly options: Options
  /** Describes the target. Without `ws` and `sse` the target is the embedded reference server. */
  readonly contract: Contract
  /** Where each value comes from, by its key in the config file: `timeoutScale`, `publish.url`, `opening`. */
  readonly origins: ReadonlyMap<string, Origin>
  /** Path of the config file, relative to the working folder if that is shorter; null if there is none. */
  readonly file: string | null
  /** Warnings to print, such as an environment variable with a typing error. */
  readonly warnings: readonly string[]
}

/** What the user gave to a command. */
export interface CommandInput {
  readonly positional: readonly string[]
  /** The text of each flag on the command line; true for a switch. */
  readonly flags: Readonly<Record<string, string | readonly string[] | true>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** The working folder. */
  readonly folder: string
}

const prefix = 'STREAMPROOF_'

/** Variables with our prefix that are not options: this tool, its tests and its CI read them. */
const otherVariables = [
  'CONFIG',
  'TARGET',
  'FUZZ',
  'REAL',
  'REQUIRE_REAL',
  'CI_CACHE',
  'TOXIPROXY_CLI',
  'TOXIPROXY_SERVER',
]

/** A config file may hold every option and the contract. */
const fileSchema = z.strictObject({
  ...Object.fromEntries(
    optionNames
      .filter((name) => optionSpec(name).contract !== true)
      .map((name) => [name, z.exactOptional(optionSpec(name).schema)]),
  ),
  ...contractShape(protocols),
})

/**
 * Takes each value from its flag, else from the environment, else from the config file, else its default.
 * @throws UsageError that names the flag, variable or file with the mistake.
 */
export async function configure(given: CommandInput): Promise<Configuration> {
  const origins = new Map<string, Origin>()
  const named = textOf(given.flags['config']) ?? (given.env['STREAMPROOF_CONFIG'] || null)
  const file = await loadConfigFile(named, given.folder)
  const shownPath = file === null ? '' : shortest(file.path, given.folder)
  const fromFile =
    file === null ? {} : (parseStrictly(fileSchema, file.content, shownPath) as Record<string, unknown>)
  if (file !== null) resolvePaths(fromFile, dirname(file.path))

  const addresses = fromPositional(given)
  const values: Record<string, unknown> = {}
  for (const name of optionNames) {
    const found = addresses.get(name) ?? fromText(name, given)
    const key = keyOf(name)
    if (found !== null) {
      values[name] = found.value
      origins.set(key, found.origin)
    } else {
      const inFile = at(fromFile, key)
      values[name] = inFile ?? optionSpec(name).fallback
      origins.set(
        key,
        inFile === undefined ? { source: 'default', place: 'default' } : { source: 'file', place: shownPath },
      )
    }
  }
  replaceTargets(values, fromFile, origins)
  for (const key of Object.keys(fromFile)) {
    if (!origins.has(key) && key !== 'publish') origins.set(key, { source: 'file', place: shownPath })
  }
  for (const key of Object.keys(fromFile['publish'] ?? {})) {
    if (!origins.has(`publish.${key}`)) origins.set(`publish.${key}`, { source: 'file', place: shownPath })
  }
  const options = values as unknown as Options
  const contract = contractOf(options, fromFile)
  refuseContractWithoutTarget(contract, origins)
  return {
    options,
    contract,
    origins,
    file: file === null ? null : shownPath,
    warnings: mistypedVariables(given.env),
  }
}

interface Found {
  readonly value: unknown
  readonly origin: Origin
}

/** URLs without a flag. Their scheme decides which protocol they belong to. */
function fromPositional(given: CommandInput): Map<OptionName, Found> {
  const found = new Map<OptionName, Found>()
  for (const text of given.positional) {
    const name = protocolOf(text)
    if (found.has(name) || given.flags[name] !== undefined) {
      throw new UsageError(
        `two ${name === 'ws' ? 'WebSocket' : 'event stream'} URLs are given; give at most one of each protocol`,
      )
    }
    found.set(name, { value: text, origin: { source: 'argument', place: 'argument' } })
  }
  return found
}

function protocolOf(text: string): 'ws' | 'sse' {
  const scheme = /^\s*([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === 'ws' || scheme === 'wss') return 'ws'
  if (scheme === 'http' || scheme === 'https') return 'sse'
  const known = 'ws:// or wss:// for WebSocket, http:// or https:// for an event stream'
  if (scheme === undefined)
    throw new UsageError(`an argument is not a URL; give a URL that begins with ${known}`)
  throw new UsageError(`${scheme}: URLs cannot be tested; give a URL that begins with ${known}`)
}

function fromText(name: OptionName, given: CommandInput): Found | null {
  const flag = given.flags[name]
  const place = flag === undefined ? variableOf(name) : flagOf(name)
  const text = flag ?? (given.env[place] || undefined)
  if (text === undefined) return null
  return {
    value: parsed(name, text, place),
    origin: { source: flag === undefined ? 'environment' : 'flag', place },
  }
}

/** Parses the text of a flag or variable. */
function parsed(name: OptionName, text: string | readonly string[] | true, place: string): unknown {
  const { schema, numeric, value: shown } = optionSpec(name)
  let raw: unknown = text
  if (numeric === true) raw = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN
  else if (shown === null && typeof text === 'string') raw = switches.get(text.toLowerCase()) ?? text
  else if (Array.isArray(text)) raw = name === 'header' ? text : text.join(',')
  const result = schema.safeParse(raw)
  if (!result.success) throw new UsageError(`${place} ${sentence(result.error)}`)
  // `--only "$UNSET"` must not select every check.
  if (Array.isArray(result.data) && result.data.length === 0) throw new UsageError(`${place} is empty`)
  return result.data
}

const switches: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['yes', true],
  ['on', true],
  ['0', false],
  ['false', false],
  ['no', false],
  ['off', false],
])

function sentence(error: z.ZodError): string {
  const [issue] = error.issues
  if (issue === undefined) return 'is not valid'
  if (issue.code === 'invalid_value' && typeof issue.input === 'string') {
    return `${issue.message}${suggestion(issue.input, issue.values.map(String))}`
  }
  return issue.message
}

/**
 * URLs from the command line replace those of the environment and the file, and URLs of the environment those of the
 * file: a target that only the replaced source names is dropped, and so are its `secureUrl` and `plainUrl`.
 */
function replaceTargets(
  values: Record<string, unknown>,
  fromFile: Record<string, unknown>,
  origins: Map<string, Origin>,
): void {
  const rankOf = (name: 'ws' | 'sse'): number => ranks[origins.get(name)?.source ?? 'default']
  const [ws, sse] = [rankOf('ws'), rankOf('sse')]
  if (ws === 0 && sse === 0) return
  for (const [name, rank, otherRank] of [
    ['ws', ws, sse],
    ['sse', sse, ws],
  ] as const) {
    if (rank < otherRank && rank > 0) {
      values[name] = null
      origins.set(name, { source: 'default', place: 'default' })
    }
    if (values[name] === fromFile[name]) continue
    for (const kind of ['secureUrl', 'plainUrl'])
      delete (fromFile[kind] as Record<string, unknown> | undefined)?.[name]
  }
}

/** The source with the higher rank replaces the other. A positional argument and a flag have the same rank. */
const ranks: Readonly<Record<Source, number>> = { default: 0, file: 1, environment: 2, flag: 3, argument: 3 }

function contractOf(options: Options, fromFile: Record<string, unknown>): Contract {
  const { ws, sse, header, subprotocol, allowedOrigin, deniedOrigin, publishUrl, ca, insecure } = options
  const publish = {
    ...(fromFile['publish'] as object | undefined),
    ...(publishUrl === null ? {} : { url: publishUrl }),
  }
  const fileOnlyKeys = ['opening', 'secureUrl', 'plainUrl', 'expects', 'budgets'].filter(
    (key) => fromFile[key] !== undefined,
  )
  const contract = {
    ...Object.fromEntries(fileOnlyKeys.map((key) => [key, fromFile[key]])),
    ...(ws === null ? {} : { ws }),
    ...(sse === null ? {} : { sse }),
    ...(Array.isArray(header) && header.length === 0 ? {} : { headers: header }),
    ...(subprotocol.length === 0 ? {} : { subprotocols: subprotocol }),
    ...(allowedOrigin === null ? {} : { allowedOrigin }),
    ...(deniedOrigin === null ? {} : { deniedOrigin }),
    ...(ca === null ? {} : { ca: pem(ca) }),
    ...(insecure ? { insecure } : {}),
    ...(Object.keys(publish).length === 0 ? {} : { publish }),
  }
  return parseContract(contract, 'the target')
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

/** A contract without a target is a mistake: the reference server has its own contract, and this one would be ignored. */
function refuseContractWithoutTarget(contract: Contract, origins: ReadonlyMap<string, Origin>): void {
  if (contract.ws !== undefined || contract.sse !== undefined) return
  const [key] = Object.keys(contract)
  if (key === undefined) return
  const origin = origins.get(key) ?? origins.get(`${key}.url`)
  const place = origin?.source === 'file' ? `${key} in ${origin.place}` : (origin?.place ?? key)
  throw new UsageError(`${place} describes a server, but no server is given; add its URL`)
}

function mistypedVariables(env: CommandInput['env']): string[] {
  const known = [...optionNames.map((name) => variableOf(name).slice(prefix.length)), ...otherVariables]
  return Object.keys(env).flatMap((name) => {
    const word = name.slice(prefix.length)
    if (!name.startsWith(prefix) || known.includes(word)) return []
    const near = closest(word, known)
    return near === null
      ? []
      : [
          `ignoring the environment variable ${name}: there is no such option (did you mean ${prefix}${near}?)`,
        ]
  })
}

function resolvePaths(content: Record<string, unknown>, folder: string): void {
  for (const name of optionNames.filter((one) => optionSpec(one).path === true)) {
    const value = content[name]
    if (typeof value === 'string' && !value.includes('-----BEGIN ')) content[name] = resolve(folder, value)
  }
  const report = content['report'] as Options['report'] | undefined
  if (report === undefined) return
  content['report'] = report.map(({ format, path }) => ({
    format,
    path: path === null || path === '-' ? path : resolve(folder, path),
  }))
}

function at(content: Record<string, unknown>, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>((here, part) => (here as Record<string, unknown> | undefined)?.[part], content)
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** The path relative to the folder, if that is shorter. */
export function shortest(path: string, folder: string): string {
  const short = relative(folder, path)
  return short.length < path.length && existsSync(path) ? short : path
}
