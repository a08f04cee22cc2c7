import type { DeflateAgreement, OfferViolation, WebSocketRules } from './rules.ts'

/** A parameter of an extension, such as `server_max_window_bits=10`. */
interface Parameter {
  readonly name: string
  /** Null if the parameter has no value. */
  readonly value: string | null
  readonly quoted: boolean
}

/** One element of Sec-WebSocket-Extensions. */
export interface Offer {
  readonly name: string
  readonly parameters: readonly Parameter[]
}

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const quoted = '"(?:[^"\\\\]|\\\\[\\s\\S])*"'
const parameterForm = new RegExp(`^(${token})(?:=(?:(${token})|(${quoted})))?$`)
const pieceForm = new RegExp(`^[ \\t]*((?:[^",;\\\\]|${quoted})*?)[ \\t]*(,|;|$)`)

/**
 * Parses Sec-WebSocket-Extensions (RFC 6455 9.1): `1#extension`, each a token with parameters; the unescaped value of
 * a quoted string must be a token as well. Returns null if the value does not match the grammar. Ignores empty list
 * elements between commas, as RFC 9110 5.6.1 requires of a recipient, but needs at least one element.
 */
export function parseExtensions(value: string): Offer[] | null {
  const offers: { name: string; parameters: Parameter[] }[] = []
  let rest = value
  let current: { name: string; parameters: Parameter[] } | null = null
  for (;;) {
    const piece = pieceForm.exec(rest)
    if (piece === null) return null
    const [all, text = '', separator = ''] = piece
    rest = rest.slice(all.length)
    if (current === null && text === '' && separator !== ';') {
      if (separator === '') break
      continue
    }
    if (current === null) {
      if (!new RegExp(`^${token}$`).test(text)) return null
      current = { name: text, parameters: [] }
      offers.push(current)
    } else {
      const parameter = readParameter(text)
      if (parameter === null) return null
      current.parameters.push(parameter)
    }
    if (separator === ',') current = null
    if (separator === '') break
  }
  return offers.length === 0 ? null : offers
}

function readParameter(text: string): Parameter | null {
  const [found, name, bare, string] = parameterForm.exec(text) ?? []
  if (found === undefined || name === undefined) return null
  if (string === undefined) return { name, value: bare ?? null, quoted: false }
  const value = string.slice(1, -1).replace(/\\([\s\S])/g, '$1')
  return new RegExp(`^${token}$`).test(value) ? { name, value, quoted: true } : null
}

const definedParameters = new Set([
  'server_no_context_takeover',
  'client_no_context_takeover',
  'server_max_window_bits',
  'client_max_window_bits',
])

/** zlib cannot compress with a window of 8 bits, so the reference declines an offer that limits the server to it. */
const smallestServerBits = 9

/** An accepted offer of permessage-deflate. */
export interface Agreement {
  readonly agreement: DeflateAgreement
  /** Value of Sec-WebSocket-Extensions in the response. */
  readonly answer: string
}

/** Accepts the first valid offer of permessage-deflate (RFC 7692 5 and 7); null if there is none. */
export function agreeOn(offers: readonly Offer[], rules: WebSocketRules): Agreement | null {
  const deflateOffers = offers.filter(({ name }) => name === 'permessage-deflate')
  for (const offer of rules.deflateOffers === 'first' ? deflateOffers.slice(0, 1) : deflateOffers) {
    const agreed = acceptOffer(offer, rules)
    if (agreed !== null) return agreed
  }
  return null
}

function acceptOffer(offer: Offer, rules: WebSocketRules): Agreement | null {
  const violations = violationsOf(offer)
  if (violations.some((violation) => !rules.toleratesInOffer.includes(violation))) return null
  const find = (name: string): Parameter | undefined =>
    offer.parameters.find((parameter) => parameter.name === name)
  const server = find('server_max_window_bits')
  const client = find('client_max_window_bits')
  const serverBits = bitsOf(server?.value ?? null) ?? 15
  if (serverBits < smallestServerBits) return null
  const agreement: DeflateAgreement = {
    serverBits,
    clientBits: bitsOf(client?.value ?? null) ?? 15,
    serverForgetsContext: find('server_no_context_takeover') !== undefined,
    clientForgetsContext: find('client_no_context_takeover') !== undefined,
  }
  const parameters = [
    ...(agreement.serverForgetsContext ? ['server_no_context_takeover'] : []),
    ...(agreement.clientForgetsContext ? ['client_no_context_takeover'] : []),
    ...(server === undefined ? [] : [`server_max_window_bits=${agreement.serverBits}`]),
    ...(client === undefined ? [] : [`client_max_window_bits=${agreement.clientBits}`]),
  ]
  return {
    agreement,
    answer: ['permessage-deflate', ...rules.deflateAnswer(parameters, agreement)].join('; '),
  }
}

function violationsOf(offer: Offer): OfferViolation[] {
  const violations: OfferViolation[] = []
  const seen = new Set<string>()
  for (const { name, value } of offer.parameters) {
    if (seen.has(name)) violations.push('repeated-parameter')
    seen.add(name)
    if (!definedParameters.has(name)) violations.push('unknown-parameter')
    else if (name.endsWith('_no_context_takeover')) {
      if (value !== null) violations.push('unexpected-value')
    } else if (bitsOf(value) === null && !(value === null && name === 'client_max_window_bits')) {
      violations.push('invalid-value')
    }
  }
  return violations
}

/** A window size from 8 to 15 without leading zeros (RFC 7692 7.1.2.1); null for anything else. */
function bitsOf(value: string | null): number | null {
  return value !== null && /^([89]|1[0-5])$/.test(value) ? Number(value) : null
}
