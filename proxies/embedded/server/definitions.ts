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

/** A proxy as a body asks for it. */
export interface ProxyRequest extends ProxyDefinition {
  readonly enabled: boolean
  readonly toxics: readonly ToxicDefinition[]
  /** It asks for something that Toxiproxy does not have. */
  readonly isExtended: boolean
}

/** Decodes the body of one proxy, with the toxics that it may bring; throws the API's 400 and 409. */
export function decodeProxy(value: JsonValue, { owner, enabledOwner, goType } = proxyNames): ProxyRequest {
  const fields = new Fields(value, owner, goType)
  const { extensions, toxics } = decodeProxyExtensions(fields.raw(extensionMember), noExtensions)
  const names = new Set<string>()
  const drafts = (toxics ?? []).map((one) => {
    const draft = decodeToxic(one, (name) => names.has(name))
    names.add(draft.name)
    return draft
  })
  return {
    name: fields.string('name', ''),
    listen: fields.string('listen', ''),
    upstream: fields.string('upstream', ''),
    enabled: new Fields(value, enabledOwner, goType).boolean('enabled', true),
    extensions,
    toxics: drafts,
    isExtended: fields.has(extensionMember),
  }
}

/** In the order of the real server's checks: body, stream, type, name, attributes. */
export function decodeToxic(value: JsonValue, isTaken: (name: string) => boolean): ToxicDefinition {
  const fields = new Fields(value, 'ToxicWrapper', 'toxics.ToxicWrapper')
  const given = fields.string('name', '')
  const type = fields.string('type', '')
  const stream = fields.string('stream', 'downstream')
  const toxicity = fields.float32('toxicity', 1)
  const attributes = fields.raw('attributes')
  if (attributes !== null && !(attributes instanceof JsonObject)) {
    // What they are meant for is not looked at yet.
    const field = 'ToxicWrapper.attributes of type toxics.NoopToxic'
    throw badBody(`json: cannot unmarshal ${kindOf(attributes)} into Go struct field ${field}`)
  }
  const direction = directions[stream.toLowerCase()]
  if (direction === undefined) throw invalidStream()
  const kind = toxicTypes.get(type)
  if (kind === undefined) throw invalidToxicType()
  const name = given === '' ? `${type}_${stream}` : given
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

/** How error texts call the fields of one proxy; in populate the struct is one around that of a proxy. */
const proxyNames = { owner: 'Proxy', enabledOwner: 'Proxy', goType: 'toxiproxy.Proxy' }
const populateType = 'struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }'

const populateNames = { owner: '.Proxy', enabledOwner: '', goType: populateType }

/** Decodes the array of populate: all of it, or throws the API's 400. */
export function decodePopulate(value: JsonValue): readonly ProxyRequest[] {
  if (value === null) return []
  if (!isArray(value))
    throw badBody(`json: cannot unmarshal ${kindOf(value)} into Go value of type []${populateType}`)
  const wanted = value.map((one) => decodeProxy(one, populateNames))
  for (const [index, one] of wanted.entries()) {
    if (one.name === '') throw missingField(`name at proxy ${index + 1}`)
    if (one.upstream === '') throw missingField(`upstream at proxy ${index + 1}`)
  }
  return wanted
}

/** Decodes attributes over those that a toxic has; throws the API's 400. */
export function decodeSettings(kind: ToxicType, value: JsonValue, current: Settings): Settings {
  const fields = new Fields(value, kind.goName, `toxics.${kind.goName}`, 'attributes.')
  const settings: Record<string, number> = {}
  for (const [name, limits] of Object.entries(kind.settings)) {
    const setting = fields.integer(name, current[name] ?? 0)
    if (setting < limits.min) throw invalidSetting(`${kind.type}.${name} must be at least ${limits.min}`)
    if (setting > limits.max) throw invalidSetting(`${kind.type}.${name} must be at most ${limits.max}`)
    settings[name] = setting
  }
  const wrong = kind.check(settings)
  if (wrong !== null) throw invalidSetting(`${kind.type}: ${wrong}`)
  return settings
}

/** Throws the API's 400 where it is no share of connections. */
export function checkedToxicity(toxicity: number): number {
  if (toxicity < 0 || toxicity > 1) throw invalidSetting('toxicity must be from 0 to 1')
  return toxicity
}
