import { existsSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { z } from 'zod'
import { UsageError } from '#model/errors'
import { contractShape, parseStrictly } from '#target/contract/contract'
import type { AnyContract } from '#target/contract/contract'
import type { ProtocolModule } from '#target/protocol'
import { closest, suggestion } from '#common/edit-distance'
import { contractOf, namesTarget } from './contract.ts'
import type { Protocols } from './contract.ts'
import { loadConfigFile } from './file.ts'
import { flagOf, keyOf, optionsOf, variableOf } from './options.ts'
import type { OptionSpec, OptionTable, Options } from './options.ts'

/** Where the value of an option comes from. The first source that has a value is used. */
type Source = 'argument' | 'flag' | 'environment' | 'file' | 'default'

/** One line of `config --print`. */
interface Origin {
  readonly source: Source
  /** `--jobs`, `STREAMPROOF_JOBS`, the path of the file, or `default`. */
  readonly place: string
}

export interface Configuration {
  readonly options: Options
  /** The value of every option, by its key in the config file; those of protocols as well. */
  readonly values: ReadonlyMap<string, unknown>
  /** Describes the target. Without the URL of a target, the target is the reference server. */
  readonly contract: AnyContract
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
function fileSchema(options: OptionTable, protocols: Protocols): z.ZodType {
  return z.strictObject({
    ...Object.fromEntries(
      [...options]
        .filter(([, spec]) => spec.contract !== true)
        .map(([name, spec]) => [name, z.exactOptional(spec.schema)]),
    ),
    ...contractShape(protocols),
  })
}

/**
 * Takes each value from its flag, else from the environment, else from the config file, else its default.
 * @throws UsageError that names the flag, variable or file with the mistake.
 */
export async function configure(given: CommandInput, protocols: Protocols): Promise<Configuration> {
  const table = optionsOf(protocols)
  const origins = new Map<string, Origin>()
  const named = textOf(given.flags['config']) ?? (given.env['STREAMPROOF_CONFIG'] || null)
  const file = await loadConfigFile(named, given.folder)
  const shownPath = file === null ? '' : shortest(file.path, given.folder)
  const fromFile =
    file === null
      ? {}
      : (parseStrictly(fileSchema(table, protocols), file.content, shownPath) as Record<string, unknown>)
  if (file !== null) resolvePaths(fromFile, dirname(file.path), table)

  const addresses = fromPositional(given, protocols)
  const byName: Record<string, unknown> = {}
  for (const [name, spec] of table) {
    const found = addresses.get(name) ?? fromText(name, spec, given)
    const key = keyOf(name, spec)
    if (found !== null) {
      byName[name] = found.value
      origins.set(key, found.origin)
    } else {
      const inFile = at(fromFile, key)
      byName[name] = inFile ?? spec.fallback
      origins.set(
        key,
        inFile === undefined ? { source: 'default', place: 'default' } : { source: 'file', place: shownPath },
      )
    }
  }
  replaceTargets(byName, fromFile, origins, protocols)
  for (const key of Object.keys(fromFile)) {
    if (!origins.has(key) && key !== 'publish') origins.set(key, { source: 'file', place: shownPath })
  }
  for (const key of Object.keys(fromFile['publish'] ?? {})) {
    if (!origins.has(`publish.${key}`)) origins.set(`publish.${key}`, { source: 'file', place: shownPath })
  }
  const contract = contractOf(byName, fromFile, table, protocols)
  refuseContractWithoutTarget(contract, origins, protocols)
  return {
    options: byName as unknown as Options,
    values: new Map([...table].map(([name, spec]) => [keyOf(name, spec), byName[name]])),
    contract,
    origins,
    file: file === null ? null : shownPath,
    warnings: mistypedVariables(given.env, table),
  }
}

interface Found {
  readonly value: unknown
  readonly origin: Origin
}

/** URLs without a flag. Their scheme decides which protocol they belong to. */
function fromPositional(given: CommandInput, protocols: Protocols): Map<string, Found> {
  const found = new Map<string, Found>()
  for (const text of given.positional) {
    const { prefix, noun } = protocolOf(text, protocols)
    if (found.has(prefix) || given.flags[prefix] !== undefined)
      throw new UsageError(
        `two ${noun.replace(/^an? /, '')} URLs are given; give at most one of each protocol`,
      )
    found.set(prefix, { value: text, origin: { source: 'argument', place: 'argument' } })
  }
  return found
}

function protocolOf(text: string, protocols: Protocols): ProtocolModule<unknown> {
  const scheme = /^\s*([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  const found = protocols.find(({ schemes }) => [schemes.plain, schemes.secure].includes(`${scheme ?? ''}:`))
  if (found !== undefined) return found
  const known = protocols
    .map(({ schemes: { plain, secure }, noun }) => `${plain}// or ${secure}// for ${noun}`)
    .join(', ')
  if (scheme === undefined)
    throw new UsageError(`${problemWithoutScheme(text)}; give a URL that begins with ${known}`)
  throw new UsageError(`${scheme}: URLs cannot be tested; give a URL that begins with ${known}`)
}

/** Names only what looks like `host:port`: any other argument may be a credential. */
function problemWithoutScheme(text: string): string {
  const address = text.includes('@') ? undefined : /^[\w.-]+:\d+(?=$|\/)/.exec(text)?.[0]
  return address === undefined ? 'an argument is not a URL' : `${address} has no URL scheme`
}

function fromText(name: string, spec: OptionSpec<unknown>, given: CommandInput): Found | null {
  const flag = given.flags[name]
  const place = flag === undefined ? variableOf(name) : flagOf(name)
  const text = flag ?? (given.env[place] || undefined)
  if (text === undefined) return null
  return {
    value: parsed(name, spec, text, place),
    origin: { source: flag === undefined ? 'environment' : 'flag', place },
  }
}

/** Parses the text of a flag or variable. */
function parsed(
  name: string,
  { schema, numeric, value: shown }: OptionSpec<unknown>,
  text: string | readonly string[] | true,
  place: string,
): unknown {
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
  protocols: Protocols,
): void {
  const rankOf = (name: string): number => ranks[origins.get(name)?.source ?? 'default']
  const highest = Math.max(...protocols.map(({ prefix }) => rankOf(prefix)))
  for (const { prefix } of protocols) {
    const rank = rankOf(prefix)
    if (rank > 0 && rank < highest) {
      values[prefix] = null
      origins.set(prefix, { source: 'default', place: 'default' })
    }
    if (highest === 0 || values[prefix] === fromFile[prefix]) continue
    for (const kind of ['secureUrl', 'plainUrl'])
      delete (fromFile[kind] as Record<string, unknown> | undefined)?.[prefix]
  }
}

/** The source with the higher rank replaces the other. A positional argument and a flag have the same rank. */
const ranks: Readonly<Record<Source, number>> = { default: 0, file: 1, environment: 2, flag: 3, argument: 3 }

/** A contract without a target is a mistake: the reference server has its own contract, and this one would be ignored. */
function refuseContractWithoutTarget(
  contract: AnyContract,
  origins: ReadonlyMap<string, Origin>,
  protocols: Protocols,
): void {
  if (namesTarget(contract, protocols)) return
  const [key] = Object.keys(contract)
  if (key === undefined) return
  const origin = origins.get(key) ?? origins.get(`${key}.url`)
  const place = origin?.source === 'file' ? `${key} in ${origin.place}` : (origin?.place ?? key)
  throw new UsageError(`${place} describes a server, but no server is given; add its URL`)
}

function mistypedVariables(env: CommandInput['env'], table: OptionTable): string[] {
  const known = [...[...table.keys()].map((name) => variableOf(name).slice(prefix.length)), ...otherVariables]
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

function resolvePaths(content: Record<string, unknown>, folder: string, table: OptionTable): void {
  for (const [name, { path }] of table) {
    if (path !== true) continue
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
