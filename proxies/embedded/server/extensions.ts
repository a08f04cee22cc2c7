import { Fields } from './decode.ts'
import { invalidSetting } from './errors.ts'
import { JsonNumber, JsonObject } from '#proxies/embedded/go-json/json'
import type { JsonValue } from '#proxies/embedded/go-json/json'

/**
 * The member of a body that requests what Toxiproxy does not have. Toxiproxy ignores it. A body without it gets Toxiproxy's
 * behaviour. Nothing inside it is ignored: an unknown member is rejected, and so is null where it has no meaning.
 */
export const extensionMember = 'streamproof'

/** Extensions of a proxy. */
export interface ProxyExtensions {
  /** Seed of the proxy's toxics; null: the server's seed. */
  readonly seed: number | null
  /** FIN ends one direction and the other goes on. */
  readonly halfClose: boolean
  /** RST reaches the other side as RST. */
  readonly carryReset: boolean
}

export const noExtensions: ProxyExtensions = { seed: null, halfClose: false, carryReset: false }

/**
 * Decodes the member of a proxy's body.
 * @param current values of what the body does not contain.
 * @returns `toxics`: the bodies of toxics; undefined if the body has none.
 * @throws ApiError 400
 */
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

/** The member as the API shows it; undefined if no extension is used, so that the member is omitted. */
export function extensionsJson(extensions: ProxyExtensions): unknown {
  const { seed, halfClose, carryReset } = extensions
  if (seed === null && !halfClose && !carryReset) return undefined
  return { ...(seed === null ? {} : { seed }), half_close: halfClose, carry_reset: carryReset }
}

/**
 * Decodes the member of a toxic's body: the numbers of the connections that it may act on, in the order of acceptance.
 * @param current the value if the body does not contain it.
 * @returns null for all connections.
 * @throws ApiError 400
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
    ? list.map((value) => (value instanceof JsonNumber ? Number(value.text) : Number.NaN))
    : [0]
  if (!numbers.every((number) => Number.isSafeInteger(number) && number > 0)) {
    throw invalidSetting(`${name} must be an array of connection numbers, counted from 1`)
  }
  return numbers
}

/** @throws ApiError 400 if an object has a member that is not in `allowed`. */
export function rejectUnknownMembers(value: JsonValue, owner: string, allowed: readonly string[]): void {
  const unknown =
    value instanceof JsonObject ? value.members.find(([name]) => !allowed.includes(name)) : undefined
  if (unknown === undefined) return
  throw invalidSetting(
    `${owner} has no member ${JSON.stringify(unknown[0].slice(0, 50))}; it has ${allowed.join(', ')}`,
  )
}

/** @param nullable the member that may be null, which differs from not being there. */
function extensionFields(
  value: JsonValue,
  allowed: readonly string[],
  nullable: string,
): { readonly fields: Fields; readonly isNull: boolean } {
  const fields = new Fields(value, 'Streamproof', 'streamproof.Extensions', `${extensionMember}.`)
  rejectUnknownMembers(value, extensionMember, allowed)
  const members = value instanceof JsonObject ? value.members : []
  const nullMember = members.find(([name, member]) => member === null && name !== nullable)
  if (nullMember !== undefined) throw invalidSetting(`${extensionMember}.${nullMember[0]} must not be null`)
  // Of two equal members the last one counts, as in every body.
  return { fields, isNull: members.findLast(([name]) => name === nullable)?.[1] === null }
}

export const isArray = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value)
