import { Fields, kindOf } from './decode.ts'
import {
  badBody,
  invalidSetting,
  invalidStream,
  invalidToxicType,
  missingField,
  toxicExists,
} from './errors.ts'
import {
  extensionMember,
  isArray,
  noExtensions,
  decodeProxyExtensions,
  decodeTargetedConnections,
} from './extensions.ts'
import { JsonObject } from '#proxies/embedded/go-json/json'
import type { JsonValue } from '#proxies/embedded/go-json/json'
import type { ProxyDefinition, ToxicDefinition } from '#proxies/embedded/proxy/proxy'
import { toxicTypes } from '#proxies/embedded/toxics/index'
import type { Settings, StreamDirection, ToxicType } from '#proxies/embedded/toxics/toxic'

const directions: Readonly<Record<string, StreamDirection>> = {
  upstream: 'upstream',
  downstream: 'downstream',
}

/** A proxy as the body of a request describes it. */
export interface ProxyRequest extends ProxyDefinition {
  readonly enabled: boolean
  readonly toxics: readonly ToxicDefinition[]
  /** The body uses extensions that Toxiproxy does not have. */
  readonly isExtended: boolean
}

/** Decodes the body of one proxy, with the toxics that it may contain. @throws ApiError 400 or 409 */
export function decodeProxy(value: JsonValue, { owner, enabledOwner, goType } = proxyNames): ProxyRequest {
  const fields = new Fields(value, owner, goType)
  const { extensions, toxics } = decodeProxyExtensions(fields.raw(extensionMember), noExtensions)
  const names = new Set<string>()
  const definitions = (toxics ?? []).map((body) => {
    const definition = decodeToxic(body, (name) => names.has(name))
    names.add(definition.name)
    return definition
  })
  return {
    name: fields.string('name', ''),
    listen: fields.string('listen', ''),
    upstream: fields.string('upstream', ''),
    enabled: new Fields(value, enabledOwner, goType).boolean('enabled', true),
    extensions,
    toxics: definitions,
    isExtended: fields.has(extensionMember),
  }
}

/** Decodes the body of a toxic in the order of the real server's checks: body, stream, type, name, attributes. */
export function decodeToxic(value: JsonValue, isTaken: (name: string) => boolean): ToxicDefinition {
  const fields = new Fields(value, 'ToxicWrapper', 'toxics.ToxicWrapper')
  const givenName = fields.string('name', '')
  const type = fields.string('type', '')
  const stream = fields.string('stream', 'downstream')
  const toxicity = fields.float32('toxicity', 1)
  const attributes = fields.raw('attributes')
  if (attributes !== null && !(attributes instanceof JsonObject)) {
    // The real server has not checked the type yet, so it names `NoopToxic`.
    const field = 'ToxicWrapper.attributes of type toxics.NoopToxic'
    throw badBody(`json: cannot unmarshal ${kindOf(attributes)} into Go struct field ${field}`)
  }
  const direction = directions[stream.toLowerCase()]
  if (direction === undefined) throw invalidStream()
  const kind = toxicTypes.get(type)
  if (kind === undefined) throw invalidToxicType()
  const name = givenName === '' ? `${type}_${stream}` : givenName
  if (isTaken(name)) throw toxicExists()
  return {
    name,
    kind,
    stream,
    direction,
    settings: decodeSettings(kind, attributes, {}),
    toxicity: checkedToxicity(toxicity),
    connections: decodeTargetedConnections(fields.raw(extensionMember), null),
  }
}

/** Names of Go's structs and fields in error texts about one proxy, and about an element of populate. */
const proxyNames = { owner: 'Proxy', enabledOwner: 'Proxy', goType: 'toxiproxy.Proxy' }
const populateType = 'struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }'

const populateNames = { owner: '.Proxy', enabledOwner: '', goType: populateType }

/** Decodes the array of populate. @throws ApiError 400 */
export function decodePopulate(value: JsonValue): readonly ProxyRequest[] {
  if (value === null) return []
  if (!isArray(value))
    throw badBody(`json: cannot unmarshal ${kindOf(value)} into Go value of type []${populateType}`)
  const requests = value.map((body) => decodeProxy(body, populateNames))
  for (const [index, { name, upstream }] of requests.entries()) {
    if (name === '') throw missingField(`name at proxy ${index + 1}`)
    if (upstream === '') throw missingField(`upstream at proxy ${index + 1}`)
  }
  return requests
}

/** Decodes attributes. @param current values of those that the body does not contain. @throws ApiError 400 */
export function decodeSettings(kind: ToxicType, value: JsonValue, current: Settings): Settings {
  const fields = new Fields(value, kind.goName, `toxics.${kind.goName}`, 'attributes.')
  const settings: Record<string, number> = {}
  for (const [name, limits] of Object.entries(kind.settings)) {
    const setting = fields.integer(name, current[name] ?? 0)
    if (setting < limits.min) throw invalidSetting(`${kind.type}.${name} must be at least ${limits.min}`)
    if (setting > limits.max) throw invalidSetting(`${kind.type}.${name} must be at most ${limits.max}`)
    settings[name] = setting
  }
  const problem = kind.check(settings)
  if (problem !== null) throw invalidSetting(`${kind.type}: ${problem}`)
  return settings
}

/** @throws ApiError 400 unless it is from 0 to 1. */
export function checkedToxicity(toxicity: number): number {
  if (toxicity < 0 || toxicity > 1) throw invalidSetting('toxicity must be from 0 to 1')
  return toxicity
}
