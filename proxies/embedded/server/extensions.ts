import { Fields } from './decode.ts'
import { invalidSetting } from './errors.ts'
import { JsonNumber, JsonObject } from '#proxies/embedded/go-json/json'
import type { JsonValue } from '#proxies/embedded/go-json/json'

/**
 * What Toxiproxy does not have is asked for by one member of a body, `streamproof`, which Toxiproxy ignores. A body
 * without it gets Toxiproxy's behaviour. Inside of it nothing is ignored: an unknown member is refused, and so is null
 * where it says nothing.
 */
export const extensionMember = 'streamproof'

/** Of a proxy. */
export interface ProxyExtensions {
  /** Decides what its toxics do, instead of the server's seed; null: not given. */
  readonly seed: number | null
  /** FIN ends one direction only. */
  readonly halfClose: boolean
  /** RST reaches the other side as RST. */
  readonly carryReset: boolean
}

export const noExtensions: ProxyExtensions = { seed: null, halfClose: false, carryReset: false }

/** Decodes the member of a proxy's body over what the proxy has; `toxics` are bodies of toxics, undefined: not given. */
export function decodeProxyExtensions(
  value: JsonValue,
  current: ProxyExtensions,
): { readonly extensions: ProxyExtensions; readonly toxics: readonly JsonValue[] | undefined } {
  const { fields, isNull } = extensionFields(value, ['seed', 'half_close', 'carry_reset', 'toxics'], 'seed')
  const toxics = fields.has('toxics') ? fields.raw('toxics') : undefined
  if (toxics !== undefined && !isArray(toxics))
    throw invalidSetting(`${extensionMember}.toxics must be an array`)
  return {
    extensions: {
      seed: isNull ? null : fields.has('seed') ? fields.integer('seed', 0) : current.seed,
      halfClose: fields.boolean('half_close', current.halfClose),
      carryReset: fields.boolean('carry_reset', current.carryReset),
    },
    toxics,
  }
}

/** As shown in the API; undefined where nothing was asked for, so that the member is left out. */
export function extensionsJson(extensions: ProxyExtensions): unknown {
  const { seed, halfClose, carryReset } = extensions
  if (seed === null && !halfClose && !carryReset) return undefined
  return { ...(seed === null ? {} : { seed }), half_close: halfClose, carry_reset: carryReset }
}

/**
 * Decodes the member of a toxic's body over what the toxic has: the connections that it may strike, by their numbers in
 * the order of acceptance; null: all.
 */
export function decodeTargetedConnections(
  value: JsonValue,
  current: ReadonlySet<number> | null,
): ReadonlySet<number> | null {
  const { fields, isNull } = extensionFields(value, ['connections'], 'connections')
  if (isNull) return null
  if (!fields.has('connections')) return current
  return new Set(decodeConnectionNumbers(fields.raw('connections'), `${extensionMember}.connections`))
}

export function decodeConnectionNumbers(list: JsonValue, name: string): readonly number[] {
  const numbers = isArray(list)
    ? list.map((one) => (one instanceof JsonNumber ? Number(one.text) : Number.NaN))
    : [0]
  if (!numbers.every((one) => Number.isSafeInteger(one) && one > 0)) {
    throw invalidSetting(`${name} must be an array of numbers of connections, counted from 1`)
  }
  return numbers
}

/** Throws where an object has a member that nobody would read. */
export function rejectUnknownMembers(value: JsonValue, what: string, known: readonly string[]): void {
  const unknown =
    value instanceof JsonObject ? value.members.find(([name]) => !known.includes(name)) : undefined
  if (unknown === undefined) return
  throw invalidSetting(
    `${what} has no member ${JSON.stringify(unknown[0].slice(0, 50))}; it has ${known.join(', ')}`,
  )
}

/** `nullable` may be null, which is told apart from not given. */
function extensionFields(
  value: JsonValue,
  known: readonly string[],
  nullable: string,
): { readonly fields: Fields; readonly isNull: boolean } {
  const fields = new Fields(value, 'Streamproof', 'streamproof.Extensions', `${extensionMember}.`)
  rejectUnknownMembers(value, extensionMember, known)
  const members = value instanceof JsonObject ? value.members : []
  const wrong = members.find(([name, one]) => one === null && name !== nullable)
  if (wrong !== undefined) throw invalidSetting(`${extensionMember}.${wrong[0]} must not be null`)
  // Of two the last one counts, as elsewhere.
  return { fields, isNull: members.findLast(([name]) => name === nullable)?.[1] === null }
}

export const isArray = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value)
