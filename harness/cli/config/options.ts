import { z } from 'zod'
import { hostForm, isHost, listenForm, listenRange } from '#proxies/driver/placement'
import { levels, topics } from '#model/model'
import type { HeadersGiven } from '#target/contract/headers'
import type { TargetOption } from '#target/protocol'
import {
  duration,
  engineChoice,
  headers,
  list,
  listOf,
  number,
  oneOf,
  reportWishes,
  wholeNumber,
} from './values.ts'
import type { ReportWish } from './values.ts'

/** The headings under which help shows the options. */
export type OptionGroup = 'Target' | 'Selection' | 'Run' | 'Fault injection' | 'Reports'

/**
 * One option of `run`. Each is a flag, an environment variable and a key of the config file: `timeoutScale` is
 * `--timeout-scale`, `STREAMPROOF_TIMEOUT_SCALE` and the key `timeoutScale`. If a flag is repeated to give several
 * values, the key is the plural.
 */
export interface OptionSpec<Value> {
  readonly group: OptionGroup
  /** The placeholder for the value in help; null for a switch. */
  readonly value: string | null
  readonly help: string
  /** Parses the text of a flag or variable, and the value of a config file unless the contract declares its key. */
  readonly schema: z.ZodType<Value>
  readonly fallback: Value
  /** The key in the config file, if it differs from the name of the option. */
  readonly key?: string
  readonly repeatable?: true
  /** The text is a number. */
  readonly numeric?: true
  /** The value may be a URL, whose credentials must not be printed. */
  readonly holdsUrl?: true
  /** A file or folder. In a config file the path is relative to the folder of that file. */
  readonly path?: true
  /** Belongs to the contract, which describes a target. */
  readonly contract?: true
}

const text = z.string({ error: 'takes text' }).min(1, { error: 'is empty' })
const onOff = z.boolean({ error: 'takes true or false' })

function option<Value>(spec: OptionSpec<Value>): OptionSpec<Value> {
  return spec
}

/** An option that describes the target. */
function targetOption(
  value: string,
  help: string,
  more?: Partial<OptionSpec<string | null>>,
): OptionSpec<string | null> {
  return { group: 'Target', contract: true, value, help, schema: text, fallback: null, ...more }
}

/** An option that selects checks. */
function selectionOption(
  value: string,
  help: string,
  schema: z.ZodType<readonly string[]>,
): OptionSpec<readonly string[]> {
  return { group: 'Selection', value, help, schema, fallback: [], repeatable: true }
}

/** An option for a Toxiproxy in a container or on another host. */
function remoteProxyOption(
  value: string,
  help: string,
  [isValid, error]: readonly [(text: string) => boolean, string],
): OptionSpec<string | null> {
  const schema = text.refine(isValid, { error })
  return { group: 'Fault injection', value, help: `remote Toxiproxy: ${help}`, schema, fallback: null }
}

const hostRule = [isHost, hostForm] as const

/** The options that do not depend on which protocols there are. */
const sharedOptions = {
  header: option<HeadersGiven>({
    group: 'Target',
    contract: true,
    key: 'headers',
    value: 'header',
    help: "header to send with every request, such as 'Authorization: Bearer TOKEN'",
    schema: headers,
    fallback: [],
    repeatable: true,
  }),
  allowedOrigin: targetOption(
    'origin',
    'Origin header that the server must accept, such as https://app.example',
  ),
  deniedOrigin: targetOption('origin', 'Origin header that the server must reject'),
  ca: targetOption('file', 'PEM file with additional certificate authorities to trust', { path: true }),
  insecure: option<boolean>({
    group: 'Target',
    contract: true,
    value: null,
    help: 'do not verify the certificate of the server',
    schema: onOff,
    fallback: false,
  }),

  only: selectionOption('glob', "select only these checks: ids, or globs such as 'ws/control/*'", list),
  skip: selectionOption('glob', 'exclude these checks: ids or globs', list),
  level: selectionOption(
    'level',
    'select only checks of this level: MUST, SHOULD, MAY or INFO (measurements)',
    listOf(levels),
  ),
  topic: selectionOption('topic', `select only checks on this topic: ${topics.join(', ')}`, listOf(topics)),
  clause: selectionOption(
    'clause',
    'select only checks of this clause of a standard and the clauses below it, such as RFC6455/5.5',
    list,
  ),

  jobs: option<number>({
    group: 'Run',
    value: 'n',
    help: 'number of checks that run at the same time (default: 16)',
    schema: wholeNumber(1, 256),
    fallback: 16,
    numeric: true,
  }),
  timeoutScale: option<number>({
    group: 'Run',
    value: 'x',
    help: 'multiply every timeout by this number, for slow machines and networks (default: 1)',
    schema: number(0.1, 100),
    fallback: 1,
    numeric: true,
  }),
  wait: option<number | null>({
    group: 'Run',
    value: 'time',
    help: 'wait up to this time, such as 30s, until the server accepts connections',
    schema: duration,
    fallback: null,
  }),
  maxTime: option<number | null>({
    group: 'Run',
    value: 'time',
    help: 'stop the run after this time, such as 5m, and report the checks that were judged by then',
    schema: duration,
    fallback: null,
  }),
  seed: option<number | null>({
    group: 'Run',
    value: 'n',
    help: 'seed of the random bytes that checks send; each run prints its own (default: a new one)',
    schema: wholeNumber(0, 0xffff_ffff),
    fallback: null,
    numeric: true,
  }),
  failOn: option<'must' | 'should' | 'never'>({
    group: 'Run',
    value: 'level',
    help: 'failures that make the exit status 1: must (only of MUST checks), should (also of SHOULD checks) or never (default: must)',
    schema: oneOf(['must', 'should', 'never']),
    fallback: 'must',
  }),

  proxy: option<string>({
    group: 'Fault injection',
    value: 'engine',
    help:
      'proxy that injects faults: embedded, toxiproxy (starts the toxiproxy-server on the PATH), the URL of a ' +
      'running Toxiproxy, or auto (default), which uses TOXIPROXY_URL if it is set and else embedded',
    schema: engineChoice,
    fallback: 'auto',
    holdsUrl: true,
  }),
  proxyListen: remoteProxyOption(
    'host[:ports]',
    'address and ports on which its proxies listen, such as 0.0.0.0:9000-9099',
    [(value) => listenRange(value) !== null, listenForm],
  ),
  proxyAdvertise: remoteProxyOption('host', 'host at which this machine reaches its proxies', hostRule),
  proxyUpstream: remoteProxyOption('host', 'host at which it reaches servers of this machine', hostRule),

  report: option<readonly ReportWish[]>({
    group: 'Reports',
    value: 'format[=path]',
    help:
      'report to write: terminal, json, junit, html or markdown; path - is stdout ' +
      '(default: json, junit, html and markdown files, and terminal on stdout)',
    schema: reportWishes,
    fallback: [],
    repeatable: true,
  }),
  out: option<string>({
    group: 'Reports',
    value: 'folder',
    help: 'folder for report files (default: streamproof-report)',
    schema: text,
    fallback: 'streamproof-report',
    path: true,
  }),
  quiet: option<boolean>({
    group: 'Reports',
    value: null,
    help: 'print no progress, and of the result only the failures and the summary',
    schema: onOff,
    fallback: false,
  }),
  color: option<'auto' | 'always' | 'never'>({
    group: 'Reports',
    value: 'when',
    help: 'use colours: always, never, or auto (default), which uses them on a terminal',
    schema: oneOf(['auto', 'always', 'never']),
    fallback: 'auto',
  }),
  ascii: option<boolean>({
    group: 'Reports',
    value: null,
    help: 'print only ASCII characters',
    schema: onOff,
    fallback: false,
  }),
} as const

type Shared = typeof sharedOptions
/** The options that this tool reads by name; those of protocols are read as keys of the contract. */
export type OptionName = keyof Shared
/** The value of every shared option, from its flag, environment variable, config file or default. */
export type Options = { readonly [Name in OptionName]: Shared[Name]['fallback'] }

/** Every option of `run`, by name, in the order of help. */
export type OptionTable = ReadonlyMap<string, OptionSpec<unknown>>

/** The options of a tool for these protocols: the protocols' own first. */
export function optionsOf(
  protocols: readonly { readonly options: Readonly<Record<string, TargetOption>> }[],
): OptionTable {
  const ofProtocols = protocols.flatMap(({ options }) =>
    Object.entries(options).map(([name, spec]) => [name, protocolOption(spec)] as const),
  )
  return new Map<string, OptionSpec<unknown>>([...ofProtocols, ...Object.entries(sharedOptions)])
}

function protocolOption({ list: isList, ...spec }: TargetOption): OptionSpec<unknown> {
  return isList === true
    ? { ...spec, group: 'Target', contract: true, schema: list, fallback: [], repeatable: true }
    : { ...spec, group: 'Target', contract: true, schema: text, fallback: null }
}

/** `--timeout-scale`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** `STREAMPROOF_TIMEOUT_SCALE`. */
export function variableOf(name: string): string {
  return `STREAMPROOF_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** The key of an option in a config file: `publish.url`. */
export function keyOf(name: string, { key }: Pick<OptionSpec<unknown>, 'key'>): string {
  return key ?? name
}
