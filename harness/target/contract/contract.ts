import { z } from 'zod'
import { UsageError } from '#model/errors'
import { capabilitiesOf, ownerOf } from '#model/protocol'
import type { ProtocolFacts } from '#model/protocol'
import type { Endpoint } from '#peers/session/endpoint'
import type { ProtocolModule, SharedSettings } from '#target/protocol'
import { endpointsOf } from '#target/target'
import type { RunTarget } from '#target/target'
import { headerList, headersSchema } from './headers.ts'
import { suggestion } from '#common/edit-distance'
import { parseUrl, withoutUserPart } from '#common/url'

/**
 * What only the owner of a target can say, as far as it is the same for every protocol: the part of the config file, the
 * environment and the flags that is about the target. Each protocol module adds its own keys.
 */
const sharedShape = {
  /** Sent with every request: `{ Name: 'value' }`, `['Name: value']` or `[['Name', 'value']]`. */
  headers: headersSchema.exactOptional(),
  allowedOrigin: z.string().exactOptional(),
  deniedOrigin: z.string().exactOptional(),
  /** PEM of further certificate authorities. The command line takes a path and puts the text here. */
  ca: z.string().exactOptional(),
  insecure: z.boolean().exactOptional(),
  /** Time budgets in ms by check id or glob, for a target that needs longer than the catalogue allows. */
  budgets: z.record(z.string(), z.number().positive()).exactOptional(),
} as const

/** Keys whose values depend on which protocols there are. */
export interface SharedContract extends z.infer<z.ZodObject<typeof sharedShape>> {
  /** By key of a target (`ws`): the same service over TLS, where that target's URL is plain. */
  readonly secureUrl?: Readonly<Record<string, string>>
  /** By key of a target: a plain-text address that must not serve what the secure one serves. */
  readonly plainUrl?: Readonly<Record<string, string>>
  /** Capabilities that the target has: one that discovery cannot prove is a failure. */
  readonly expects?: readonly string[]
}

/** A contract as the core reads it: the shared keys, and whatever the protocols add. */
export type AnyContract = SharedContract & Readonly<Record<string, unknown>>

/** Everything that a contract may hold, for these protocols. */
export function contractShape(
  protocols: readonly (ProtocolFacts & Pick<ProtocolModule<never>, 'contract'>)[],
): z.ZodRawShape {
  const byTarget = z
    .strictObject(Object.fromEntries(protocols.map(({ prefix }) => [prefix, z.string().exactOptional()])))
    .exactOptional()
  return {
    ...Object.assign({}, ...protocols.map(({ contract }) => contract)),
    ...sharedShape,
    secureUrl: byTarget,
    plainUrl: byTarget,
    expects: z.array(z.enum(Object.keys(capabilitiesOf(protocols)))).exactOptional(),
  }
}

/**
 * Checks what was given, as a whole.
 * @param source where it was given, for the message: `streamproof.config.js`, `--publish-url`.
 * @throws UsageError in one line: the place, what is wrong there, and what may have been meant.
 */
export function parseContractOf(
  protocols: readonly (ProtocolFacts & Pick<ProtocolModule<never>, 'contract'>)[],
  value: unknown,
  source = 'the contract',
): AnyContract {
  return parseStrictly(z.strictObject(contractShape(protocols)), value, source) as AnyContract
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
      : `${source}: ${first === undefined ? 'is not valid' : messageOf(first)}`,
  )
}

/** A union has an issue for each of its members. The issues that lie deepest are the most specific. */
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

function messageOf(issue: z.core.$ZodIssue): string {
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
  if (issue.code === 'invalid_union') return `${at}does not have any of the allowed forms`
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

/**
 * The servers that a contract names, in the order of the protocols. A user part in a URL becomes an
 * `Authorization: Basic` header, unless the contract gives that header.
 * @throws UsageError for a URL of another scheme or none, and for a declared capability that needs a key not given.
 */
export function resolveTargetsOf<Kit>(
  protocols: readonly ProtocolModule<Kit>[],
  contract: AnyContract,
): RunTarget[] {
  const targets = protocols.flatMap((protocol) =>
    protocol.targets(contract, sharedSettings(protocol, contract)),
  )
  if (targets.length === 0) {
    const schemes = protocols.flatMap(({ schemes: { plain, secure } }) => [plain, secure])
    throw new UsageError(`no target: give a ${listed(schemes)} URL`)
  }
  for (const capability of contract.expects ?? []) refuseUnfounded(protocols, capability, targets)
  return targets
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`
}

function sharedSettings<Kit>(protocol: ProtocolModule<Kit>, contract: AnyContract): SharedSettings {
  const { id, prefix, schemes } = protocol
  const further = (kind: 'secureUrl' | 'plainUrl', scheme: string): URL | null => {
    const given = contract[kind]?.[prefix]
    return given === undefined ? null : withoutUserPart(parseUrl(given, `${kind}.${prefix}`, [scheme])).url
  }
  return {
    endpoint(given) {
      const parsed = parseUrl(given, `--${prefix}`, [schemes.plain, schemes.secure])
      const { url, authorization } = withoutUserPart(parsed)
      url.hash = ''
      const headers = headerList(contract.headers)
      const stated = headers.some(([name]) => name.toLowerCase() === 'authorization')
      return {
        protocol: id,
        url,
        headers:
          authorization === null || stated
            ? headers
            : [...headers, ['Authorization', authorization] as const],
        tls: { ca: contract.ca ?? null, insecure: contract.insecure ?? false },
        secureUrl: url.protocol === schemes.secure ? url : further('secureUrl', schemes.secure),
        plainUrl: further('plainUrl', schemes.plain),
        allowedOrigin: contract.allowedOrigin ?? null,
        deniedOrigin: contract.deniedOrigin ?? null,
      }
    },
  }
}

/** A capability that comes from a key of the contract cannot be declared without that key. */
function refuseUnfounded(
  protocols: readonly ProtocolFacts[],
  capability: string,
  targets: readonly RunTarget[],
): void {
  const owner = ownerOf(protocols, capability)
  if (owner === null) return
  const ofProtocol = targets.filter(({ protocol }) => protocol === owner.id)
  if (ofProtocol.length === 0)
    throw new UsageError(`expects ${capability}, but no ${owner.id} target is given`)
  const key = owner.capabilities[capability]?.key
  const [endpoint] = endpointsOf(ofProtocol)
  if (key !== undefined && endpoint !== undefined && !isGiven(endpoint, key))
    throw new UsageError(`expects ${capability}, but the contract lacks ${key}`)
}

/** Whether the endpoint has what a key of the contract gives: `deniedOrigin`, `secureUrl.ws`, `publish with {id}`. */
function isGiven(endpoint: Endpoint, key: string): boolean {
  const [name = '', field] = key.split(' with ')
  const value = (endpoint as unknown as Readonly<Record<string, unknown>>)[name.split('.')[0] ?? '']
  if (field !== undefined) return endpoint.publish?.fields.has(field.slice(1, -1) as 'event' | 'id') === true
  return Array.isArray(value) ? value.length > 0 : value !== null
}
