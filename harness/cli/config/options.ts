import { z } from 'zod'
import { hostForm, isHost, listenForm, listenRange } from '#proxies/driver/placement'
import { topics } from '#model/model'
import type { HeadersGiven } from '#target/contract/headers'
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

/**
 * The options of `run`: the one table that yields the flags, the environment and the keys of the config file.
 * `timeoutScale` is `--timeout-scale`, `STREAMPROOF_TIMEOUT_SCALE` and the key `timeoutScale`. Where a flag is given
 * once for each of several values, the key of the file is the plural.
 */
export interface OptionSpec<Value> {
  /** Heading in help. */
  readonly group: 'Target' | 'Selection' | 'Run' | 'Reports'
  /** As help shows the value; null for a switch. */
  readonly value: string | null
  readonly help: string
  /** From the text of a flag or variable, and from the config file unless the contract declares the key. */
  readonly schema: z.ZodType<Value>
  readonly fallback: Value
  /** Key in the config file, where it is not the option's own name. */
  readonly key?: string
  /** May be given several times. */
  readonly repeatable?: true
  /** The text is a number. */
  readonly numeric?: true
  /** How much of the value must not be shown. */
  readonly secret?: 'all' | 'url'
  /** A file or folder: in a config file it is relative to that. */
  readonly path?: true
  /** Is part of the contract, which tells about a target. */
  readonly contract?: true
}

const text = z.string({ error: 'takes text' }).min(1, { error: 'is empty' })
const onOff = z.boolean({ error: 'takes true or false' })

function option<Value>(spec: OptionSpec<Value>): OptionSpec<Value> {
  return spec
}

/** Of the target. */
function told(
  value: string,
  help: string,
  more?: Partial<OptionSpec<string | null>>,
): OptionSpec<string | null> {
  return { group: 'Target', contract: true, value, help, schema: text, fallback: null, ...more }
}

function selecting(
  value: string,
  help: string,
  schema: z.ZodType<readonly string[]>,
): OptionSpec<readonly string[]> {
  return { group: 'Selection', value, help, schema, fallback: [], repeatable: true }
}

/** Of a Toxiproxy on another host, or in a container. */
function elsewhere(
  value: string,
  help: string,
  [holds, error]: readonly [(text: string) => boolean, string],
): OptionSpec<string | null> {
  const schema = text.refine(holds, { error })
  return { group: 'Run', value, help: `Toxiproxy elsewhere: ${help}`, schema, fallback: null }
}

const aHost = [isHost, hostForm] as const

export const optionTable = {
  ws: told('url', 'the WebSocket target: ws: or wss:', { secret: 'url' }),
  sse: told('url', 'the event stream: http: or https:', { secret: 'url' }),
  header: option<HeadersGiven>({
    group: 'Target',
    contract: true,
    key: 'headers',
    value: 'header',
    help: "sent with every request: 'Name: value'",
    schema: headers,
    fallback: [],
    repeatable: true,
    secret: 'all',
  }),
  subprotocol: option<readonly string[]>({
    group: 'Target',
    contract: true,
    key: 'subprotocols',
    value: 'name',
    help: 'a subprotocol that the server speaks',
    schema: list,
    fallback: [],
    repeatable: true,
  }),
  allowedOrigin: told('origin', 'an origin that the server accepts'),
  deniedOrigin: told('origin', 'an origin that the server must refuse'),
  publishUrl: told('url', 'where a POST publishes an event (config file: method, headers, body)', {
    key: 'publish.url',
    secret: 'url',
  }),
  ca: told('file', 'PEM file with further certificate authorities', { path: true }),
  insecure: option<boolean>({
    group: 'Target',
    contract: true,
    value: null,
    help: 'do not verify certificates',
    schema: onOff,
    fallback: false,
  }),
  wait: option<number | null>({
    group: 'Target',
    value: 'time',
    help: 'wait so long until the target accepts connections',
    schema: duration,
    fallback: null,
  }),

  only: selecting('glob', "run only these checks: ids or globs such as 'ws/control/*'", list),
  skip: selecting('glob', 'not these checks', list),
  level: selecting('level', 'MUST, SHOULD, MAY, INFO', listOf(['MUST', 'SHOULD', 'MAY', 'INFO'])),
  topic: selecting('topic', topics.join(', '), listOf(topics)),
  clause: selecting('clause', 'a clause and what is below it, such as RFC6455/5.5', list),

  jobs: option<number>({
    group: 'Run',
    value: 'n',
    help: 'checks under observation at once (16)',
    schema: wholeNumber(1, 256),
    fallback: 16,
    numeric: true,
  }),
  timeoutScale: option<number>({
    group: 'Run',
    value: 'x',
    help: 'multiplies every limit (1)',
    schema: number(0.1, 100),
    fallback: 1,
    numeric: true,
  }),
  maxTime: option<number | null>({
    group: 'Run',
    value: 'time',
    help: 'end the whole run after this time',
    schema: duration,
    fallback: null,
  }),
  seed: option<number | null>({
    group: 'Run',
    value: 'n',
    help: 'seed of what is random (a new one for each run)',
    schema: wholeNumber(0, 0xffff_ffff),
    fallback: null,
    numeric: true,
  }),
  proxy: option<string>({
    group: 'Run',
    value: 'engine',
    help: 'auto, embedded, toxiproxy, or the URL of a running Toxiproxy (auto)',
    schema: engineChoice,
    fallback: 'auto',
    secret: 'url',
  }),
  proxyListen: elsewhere('host[:ports]', 'where its proxies listen, such as 0.0.0.0:9000-9099', [
    (value) => listenRange(value) !== null,
    listenForm,
  ]),
  proxyAdvertise: elsewhere('host', 'the host at which we reach its proxies', aHost),
  proxyUpstream: elsewhere('host', 'the host at which it reaches what listens on our loopback', aHost),
  failOn: option<'must' | 'should' | 'never'>({
    group: 'Run',
    value: 'level',
    help: 'which falls make the exit status 1: must, should, never (must)',
    schema: oneOf(['must', 'should', 'never']),
    fallback: 'must',
  }),

  report: option<readonly ReportWish[]>({
    group: 'Reports',
    value: 'format[=path]',
    help: 'terminal, json, junit, html or markdown, in place of the usual files; the path - is stdout',
    schema: reportWishes,
    fallback: [],
    repeatable: true,
  }),
  out: option<string>({
    group: 'Reports',
    value: 'folder',
    help: 'where files go (streamproof-report)',
    schema: text,
    fallback: 'streamproof-report',
    path: true,
  }),
  quiet: option<boolean>({
    group: 'Reports',
    value: null,
    help: 'no progress, and only the end of the result',
    schema: onOff,
    fallback: false,
  }),
  color: option<'auto' | 'always' | 'never'>({
    group: 'Reports',
    value: 'when',
    help: 'auto, always, never (auto)',
    schema: oneOf(['auto', 'always', 'never']),
    fallback: 'auto',
  }),
  ascii: option<boolean>({
    group: 'Reports',
    value: null,
    help: 'no characters beyond ASCII',
    schema: onOff,
    fallback: false,
  }),
} as const

type Table = typeof optionTable
export type OptionName = keyof Table
/** The value of every option, after flags, environment and file were laid over the defaults. */
export type Options = { readonly [Name in OptionName]: Table[Name]['fallback'] }

export const optionNames = Object.keys(optionTable) as OptionName[]

export function optionSpec(name: OptionName): OptionSpec<unknown> {
  return optionTable[name]
}

/** `--timeout-scale`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** `STREAMPROOF_TIMEOUT_SCALE`. */
export function variableOf(name: string): string {
  return `STREAMPROOF_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** Where the option stands in a config file: `publish.url`. */
export function keyOf(name: OptionName): string {
  return optionSpec(name).key ?? name
}
