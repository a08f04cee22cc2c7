import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { z } from 'zod'
import { UsageError } from '#model/errors'
import { contractShape, parseContract, parseStrictly } from '#target/contract/contract'
import type { Contract } from '#target/contract/contract'
import { closest, suggestion } from '#common/edit-distance'
import { loadConfigFile } from './file.ts'
import { systemReason } from '#cli/output/files'
import { flagOf, keyOf, optionNames, optionSpec, variableOf } from './options.ts'
import type { OptionName, Options } from './options.ts'

/** Where the value of an option comes from; the first that speaks is heard. */
export type Source = 'argument' | 'flag' | 'environment' | 'file' | 'default'

/** One line of `config --print`. */
export interface Origin {
  readonly source: Source
  /** `--jobs`, `STREAMPROOF_JOBS`, the path of the file, or `default`. */
  readonly place: string
}

export interface Configuration {
  readonly options: Options
  /** What is known of the target; without `ws` and `sse` the embedded reference is meant. */
  readonly contract: Contract
  /** By key of the config file: `timeoutScale`, `publish.url`, `opening`. */
  readonly origins: ReadonlyMap<string, Origin>
  /** The config file, as people call it from the working folder; null where there is none. */
  readonly file: string | null
  /** Things to tell that are no errors: a variable that looks mistyped. */
  readonly remarks: readonly string[]
}

export interface Given {
  readonly positional: readonly string[]
  /** Text of each flag that stood on the command line; true for a switch. */
  readonly flags: Readonly<Record<string, string | readonly string[] | true>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly folder: string
}

const prefix = 'STREAMPROOF_'

/** Variables that are ours, but no options. */
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

/** What a config file may hold: every option, and the contract. */
const fileSchema = z.strictObject({
  ...Object.fromEntries(
    optionNames
      .filter((name) => optionSpec(name).contract !== true)
      .map((name) => [name, z.exactOptional(optionSpec(name).schema)]),
  ),
  ...contractShape,
})

/** Lays flags over environment over file over defaults. Throws a `UsageError` that names the place of the mistake. */
export async function configure(given: Given): Promise<Configuration> {
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
  refuseHomeless(contract, origins)
  return {
    options,
    contract,
    origins,
    file: file === null ? null : shownPath,
    remarks: mistypedVariables(given.env),
  }
}

interface Found {
  readonly value: unknown
  readonly origin: Origin
}

/** URLs without a flag: their scheme says which protocol they are of. */
function fromPositional(given: Given): Map<OptionName, Found> {
  const found = new Map<OptionName, Found>()
  for (const text of given.positional) {
    const name = protocolOf(text)
    if (found.has(name) || given.flags[name] !== undefined) {
      throw new UsageError(
        `two ${name === 'ws' ? 'WebSocket' : 'event stream'} addresses are given; a run takes one of each protocol`,
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
    throw new UsageError(`an argument is not a URL; give one that begins with ${known}`)
  throw new UsageError(`${scheme}: is no scheme of a target; give a URL that begins with ${known}`)
}

function fromText(name: OptionName, given: Given): Found | null {
  const flag = given.flags[name]
  const place = flag === undefined ? variableOf(name) : flagOf(name)
  const text = flag ?? (given.env[place] || undefined)
  if (text === undefined) return null
  return {
    value: parsed(name, text, place),
    origin: { source: flag === undefined ? 'environment' : 'flag', place },
  }
}

/** The value that the text of a flag or variable stands for. */
function parsed(name: OptionName, text: string | readonly string[] | true, place: string): unknown {
  const { schema, numeric, value: shown } = optionSpec(name)
  let raw: unknown = text
  if (numeric === true) raw = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN
  else if (shown === null && typeof text === 'string') raw = switches.get(text.toLowerCase()) ?? text
  else if (Array.isArray(text)) raw = name === 'header' ? text : text.join(',')
  const result = schema.safeParse(raw)
  if (!result.success) throw new UsageError(`${place} ${sentence(result.error)}`)
  // `--only "$UNSET"` must not mean everything.
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

/** Addresses of a nearer source replace those of the farther ones whole, with what only belongs to those. */
function replaceTargets(
  values: Record<string, unknown>,
  fromFile: Record<string, unknown>,
  origins: Map<string, Origin>,
): void {
  const nearness = (name: 'ws' | 'sse'): number => ranks[origins.get(name)?.source ?? 'default']
  const [ws, sse] = [nearness('ws'), nearness('sse')]
  if (ws === 0 && sse === 0) return
  for (const [name, own, other] of [
    ['ws', ws, sse],
    ['sse', sse, ws],
  ] as const) {
    if (own < other && own > 0) {
      values[name] = null
      origins.set(name, { source: 'default', place: 'default' })
    }
    if (values[name] === fromFile[name]) continue
    for (const kind of ['secureUrl', 'plainUrl'])
      delete (fromFile[kind] as Record<string, unknown> | undefined)?.[name]
  }
}

/** A positional argument and a flag are equally near. */
const ranks: Readonly<Record<Source, number>> = { default: 0, file: 1, environment: 2, flag: 3, argument: 3 }

function contractOf(options: Options, fromFile: Record<string, unknown>): Contract {
  const { ws, sse, header, subprotocol, allowedOrigin, deniedOrigin, publishUrl, ca, insecure } = options
  const publish = {
    ...(fromFile['publish'] as object | undefined),
    ...(publishUrl === null ? {} : { url: publishUrl }),
  }
  const further = ['opening', 'secureUrl', 'plainUrl', 'expects', 'budgets'].filter(
    (key) => fromFile[key] !== undefined,
  )
  const contract = {
    ...Object.fromEntries(further.map((key) => [key, fromFile[key]])),
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

/** The text of a PEM file, or the PEM itself. */
function pem(given: string): string {
  if (given.includes('-----BEGIN ')) return given
  let text: string
  try {
    text = readFileSync(given, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read the certificate authority ${given}: ${systemReason(error)}`)
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new UsageError(`${given} holds no certificate in PEM form`)
  return text
}

/** A contract without a target is a mistake: the reference server needs none, and would take no notice. */
function refuseHomeless(contract: Contract, origins: ReadonlyMap<string, Origin>): void {
  if (contract.ws !== undefined || contract.sse !== undefined) return
  const [key] = Object.keys(contract)
  if (key === undefined) return
  const origin = origins.get(key) ?? origins.get(`${key}.url`)
  const place = origin?.source === 'file' ? `${key} in ${origin.place}` : (origin?.place ?? key)
  throw new UsageError(`${place} describes a target, but none is given; add its URL`)
}

function mistypedVariables(env: Given['env']): string[] {
  const known = [...optionNames.map((name) => variableOf(name).slice(prefix.length)), ...otherVariables]
  return Object.keys(env).flatMap((name) => {
    const word = name.slice(prefix.length)
    if (!name.startsWith(prefix) || known.includes(word)) return []
    const near = closest(word, known)
    return near === null
      ? []
      : [`the environment variable ${name} is not an option (did you mean ${prefix}${near}?)`]
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

/** The path as people call it from here. */
export function shortest(path: string, folder: string): string {
  const short = relative(folder, path)
  return short.length < path.length && existsSync(path) ? short : path
}
