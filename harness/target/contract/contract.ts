import { z } from 'zod'
import { UsageError } from '#model/errors'
import { capabilities } from '#model/model'
import type { Capability } from '#model/model'
import type { Endpoint } from '#peers/session/endpoint'
import { headerList, headersSchema } from './headers.ts'
import { suggestion } from '#common/edit-distance'
import { publishPlan, publishSchema } from './publish-plan.ts'
import { parseUrl, withoutUserPart } from '#common/url'

/**
 * What only the owner of a target can tell. The part of the config file, the environment and the flags that is about
 * the target; `contractShape` is there for whoever declares the rest of these.
 */
export const contractShape = {
  /** `ws:` or `wss:`. */
  ws: z.string().exactOptional(),
  /** `http:` or `https:`. */
  sse: z.string().exactOptional(),
  /** Sent with every request: `{ Name: 'value' }`, `['Name: value']` or `[['Name', 'value']]`. */
  headers: headersSchema.exactOptional(),
  /** What the server speaks; offered in every WebSocket handshake. */
  subprotocols: z.array(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a token')).exactOptional(),
  /** What to send and to expect right after a WebSocket opens, before a check begins. */
  opening: z
    .array(z.union([z.strictObject({ send: z.string() }), z.strictObject({ expect: z.string() })]))
    .exactOptional(),
  allowedOrigin: z.string().exactOptional(),
  deniedOrigin: z.string().exactOptional(),
  /** The same services over TLS, where `ws` and `sse` are plain. */
  secureUrl: z
    .strictObject({ ws: z.string().exactOptional(), sse: z.string().exactOptional() })
    .exactOptional(),
  /** Plain-text addresses that must not serve what the secure ones serve. */
  plainUrl: z
    .strictObject({ ws: z.string().exactOptional(), sse: z.string().exactOptional() })
    .exactOptional(),
  /** PEM of further certificate authorities. The command line takes a path and puts the text here. */
  ca: z.string().exactOptional(),
  insecure: z.boolean().exactOptional(),
  publish: publishSchema.exactOptional(),
  /** Capabilities that this target has: one that discovery cannot prove is a fail. */
  expects: z.array(z.enum(capabilities)).exactOptional(),
  /** Time budgets in ms by check id or glob, for a target that needs longer than the catalogue allows. */
  budgets: z.record(z.string(), z.number().positive()).exactOptional(),
} as const

export const contractSchema = z.strictObject(contractShape)

export type Contract = z.infer<typeof contractSchema>

/** What a contract is resolved to: whom peers talk to. */
export interface Targets {
  readonly websocket: Endpoint | null
  readonly sse: Endpoint | null
}

/**
 * Checks what was given, as a whole.
 * @param source where it stands, for the message: `streamproof.config.js`, `--publish-url`.
 * @throws UsageError in one line: the place, what is wrong there, and what may have been meant.
 */
export function parseContract(value: unknown, source = 'the contract'): Contract {
  return parseStrictly(contractSchema, value, source)
}

/**
 * Parses by any strict object schema.
 * @throws UsageError in one line: every unknown key, each with what may have been meant, or else the first other problem.
 */
export function parseStrictly<S extends z.ZodType>(schema: S, value: unknown, source: string): z.infer<S> {
  const parsed = schema.safeParse(value, { reportInput: true })
  if (parsed.success) return parsed.data
  const complaints = parsed.error.issues.flatMap((issue) => complaintsOf(issue))
  // A mistyped key leaves another one missing, so the typing error is the one to report.
  // Each member of a union complains of the same key.
  const unknown = [...new Set(complaints.flatMap((issue) => unknownKeys(issue, schema)))]
  const [first] = complaints
  throw new UsageError(
    unknown.length > 0
      ? `${source}: unknown ${unknown.length === 1 ? 'key' : 'keys'} ${unknown.join(', ')}`
      : `${source}: ${first === undefined ? 'is not valid' : told(first)}`,
  )
}

/** A union complains once for each of its members; the complaint that got furthest says most. */
function complaintsOf(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const inner = issue.errors
    .flat()
    .filter(({ path, code }) => path.length > 0 || code === 'unrecognized_keys')
  if (inner.length === 0) return [issue]
  return inner.flatMap((one) => complaintsOf({ ...one, path: [...issue.path, ...one.path] }))
}

/** The full name of each key that the schema does not have, with a suggestion. */
function unknownKeys(issue: z.core.$ZodIssue, schema: z.ZodType): string[] {
  if (issue.code !== 'unrecognized_keys') return []
  const place = issue.path.map(String)
  return issue.keys.map((key) => `${[...place, key].join('.')}${suggestion(key, keysAt(schema, issue.path))}`)
}

function told(issue: z.core.$ZodIssue): string {
  const place = issue.path.map(String).join('.')
  const at = place === '' ? '' : `${place}: `
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String)
    const given = typeof issue.input === 'string' ? issue.input : ''
    const near = suggestion(given, values)
    return near === '' ? `${at}is not one of ${values.join(', ')}` : `${at}unknown ${given}${near}`
  }
  if (issue.code === 'invalid_type' && issue.input === undefined) return `${at}is missing`
  if (issue.code === 'invalid_type')
    return `${at}has to be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
  if (issue.code === 'invalid_key') return `${at}${issue.issues[0]?.message ?? 'is not a key'}`
  if (issue.code === 'invalid_union') return `${at}has none of the forms that it may have`
  return `${at}${issue.message}`
}

/** The keys that the object at this path may have, as far as the schema shows. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  const { shape, innerType, element, options } = definitionOf(schema)
  if (innerType !== undefined) return keysAt(innerType, path)
  if (options !== undefined) return options.flatMap((option) => keysAt(option, path))
  const [first, ...rest] = path
  if (first === undefined) return Object.keys(shape ?? {})
  return element === undefined ? keysAt(shape?.[String(first)], rest) : keysAt(element, rest)
}

interface Definition {
  readonly shape?: Readonly<Record<string, unknown>>
  readonly innerType?: unknown
  readonly element?: unknown
  readonly options?: readonly unknown[]
}

function definitionOf(schema: unknown): Definition {
  return (schema as { readonly def?: Definition } | undefined)?.def ?? {}
}

const schemes = { ws: ['ws:', 'wss:'], sse: ['http:', 'https:'] } as const
const protocols = { ws: 'websocket', sse: 'sse' } as const

/**
 * Whom to talk to. A user part in a URL becomes an `Authorization: Basic` header, unless that header is given.
 * @throws UsageError for a URL of another scheme or none, and for a declared capability that needs a key not given.
 */
export function resolveTargets(contract: Contract): Targets {
  const targets = { websocket: endpointOf(contract, 'ws'), sse: endpointOf(contract, 'sse') }
  if (targets.websocket === null && targets.sse === null)
    throw new UsageError('no target: give a ws:, wss:, http: or https: URL')
  for (const capability of contract.expects ?? []) refuseUnfounded(capability, targets)
  return targets
}

function endpointOf(contract: Contract, key: 'ws' | 'sse'): Endpoint | null {
  const given = contract[key]
  if (given === undefined) return null
  const parsed = parseUrl(given, `--${key}`, schemes[key])
  if (key === 'ws' && parsed.hash !== '') throw new UsageError('--ws: a WebSocket URL has no fragment (#)')
  const { url, authorization } = withoutUserPart(parsed)
  url.hash = ''
  const headers = headerList(contract.headers)
  const stated = headers.some(([name]) => name.toLowerCase() === 'authorization')
  const all =
    authorization === null || stated ? headers : [...headers, ['Authorization', authorization] as const]
  const secure = url.protocol === 'wss:' || url.protocol === 'https:'
  return {
    protocol: protocols[key],
    url,
    headers: all,
    tls: { ca: contract.ca ?? null, insecure: contract.insecure ?? false },
    secureUrl: secure ? url : further(contract, 'secureUrl', key),
    plainUrl: further(contract, 'plainUrl', key),
    allowedOrigin: contract.allowedOrigin ?? null,
    deniedOrigin: contract.deniedOrigin ?? null,
    subprotocols: key === 'ws' ? (contract.subprotocols ?? []) : [],
    opening: key === 'ws' ? (contract.opening ?? []) : [],
    publish: key === 'sse' && contract.publish !== undefined ? publishPlan(contract.publish, url, all) : null,
    request: { method: 'GET', headers: [], body: null },
  }
}

function further(contract: Contract, kind: 'secureUrl' | 'plainUrl', key: 'ws' | 'sse'): URL | null {
  const given = contract[kind]?.[key]
  if (given === undefined) return null
  const wanted = kind === 'secureUrl' ? schemes[key].slice(1) : schemes[key].slice(0, 1)
  return withoutUserPart(parseUrl(given, `${kind}.${key}`, wanted)).url
}

/** Capabilities that come from a key of the contract: declaring them without it is a contradiction. */
const founded: Partial<Record<Capability, readonly [key: string, given: (targets: Targets) => boolean]>> = {
  'ws.subprotocol': ['subprotocols', ({ websocket }) => (websocket?.subprotocols.length ?? 0) > 0],
  'ws.denied-origin': ['deniedOrigin', ({ websocket }) => websocket?.deniedOrigin != null],
  'ws.allowed-origin': ['allowedOrigin', ({ websocket }) => websocket?.allowedOrigin != null],
  'ws.tls': ['secureUrl.ws', ({ websocket }) => websocket?.secureUrl != null],
  'ws.plain': ['plainUrl.ws', ({ websocket }) => websocket?.plainUrl != null],
  'sse.denied-origin': ['deniedOrigin', ({ sse }) => sse?.deniedOrigin != null],
  'sse.allowed-origin': ['allowedOrigin', ({ sse }) => sse?.allowedOrigin != null],
  'sse.tls': ['secureUrl.sse', ({ sse }) => sse?.secureUrl != null],
  'sse.plain': ['plainUrl.sse', ({ sse }) => sse?.plainUrl != null],
  'sse.publish': ['publish', ({ sse }) => sse?.publish != null],
  'sse.publish.verbatim': ['publish', ({ sse }) => sse?.publish != null],
  'sse.publish.binary': ['publish', ({ sse }) => sse?.publish != null],
  'sse.publish.event': ['publish with {event}', ({ sse }) => sse?.publish?.fields.has('event') === true],
  'sse.publish.id': ['publish with {id}', ({ sse }) => sse?.publish?.fields.has('id') === true],
}

function refuseUnfounded(capability: Capability, targets: Targets): void {
  const protocol = capability.startsWith('ws.') ? 'websocket' : 'sse'
  if (capability !== 'ipv6' && targets[protocol] === null) {
    throw new UsageError(`expects ${capability}, but no ${protocol} target is given`)
  }
  const found = founded[capability]
  if (found !== undefined && !found[1](targets))
    throw new UsageError(`expects ${capability}, but the contract lacks ${found[0]}`)
}
