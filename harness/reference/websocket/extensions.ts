import type { DeflateAgreement, OfferBreach, WebSocketRules } from './rules.ts'

export interface Parameter {
  readonly name: string
  /** Null: no value. */
  readonly value: string | null
  readonly quoted: boolean
}

export interface Offer {
  readonly name: string
  readonly parameters: readonly Parameter[]
}

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const quoted = '"(?:[^"\\\\]|\\\\[\\s\\S])*"'
const parameterForm = new RegExp(`^(${token})(?:=(?:(${token})|(${quoted})))?$`)
const pieceForm = new RegExp(`^[ \\t]*((?:[^",;\\\\]|${quoted})*?)[ \\t]*(,|;|$)`)

/**
 * Reads Sec-WebSocket-Extensions (RFC 6455 9.1): `1#extension`, each a token with parameters; the unescaped value of
 * a quoted string must be a token as well. Null where the grammar is broken. Empty list elements between commas are
 * borne, as RFC 9110 5.6.1 asks of a recipient, but there must be one element.
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

const known = new Set([
  'server_no_context_takeover',
  'client_no_context_takeover',
  'server_max_window_bits',
  'client_max_window_bits',
])

/** zlib cannot write a raw stream for a window of 8 bits, so an offer that limits the server to it is declined. */
const smallestServerBits = 9

export interface Agreement {
  readonly agreement: DeflateAgreement
  /** Value of Sec-WebSocket-Extensions. */
  readonly answer: string
}

/** Takes the first offer of permessage-deflate that is good (RFC 7692 5 and 7), or none. */
export function agreeOn(offers: readonly Offer[], rules: WebSocketRules): Agreement | null {
  const ours = offers.filter(({ name }) => name === 'permessage-deflate')
  for (const offer of rules.deflateOffers === 'first' ? ours.slice(0, 1) : ours) {
    const agreed = takeOffer(offer, rules)
    if (agreed !== null) return agreed
  }
  return null
}

function takeOffer(offer: Offer, rules: WebSocketRules): Agreement | null {
  const breaches = breachesOf(offer)
  if (breaches.some((breach) => !rules.toleratesInOffer.includes(breach))) return null
  const find = (name: string): Parameter | undefined => offer.parameters.find((one) => one.name === name)
  const server = find('server_max_window_bits')
  const client = find('client_max_window_bits')
  const serverBits = bitsOf(server?.value ?? null) ?? 15
  if (serverBits < smallestServerBits) return null
  const agreement: DeflateAgreement = {
    serverBits,
    clientBits: bitsOf(client?.value ?? null) ?? 15,
    serverForgets: find('server_no_context_takeover') !== undefined,
    clientForgets: find('client_no_context_takeover') !== undefined,
  }
  const parameters = [
    ...(agreement.serverForgets ? ['server_no_context_takeover'] : []),
    ...(agreement.clientForgets ? ['client_no_context_takeover'] : []),
    ...(server === undefined ? [] : [`server_max_window_bits=${agreement.serverBits}`]),
    ...(client === undefined ? [] : [`client_max_window_bits=${agreement.clientBits}`]),
  ]
  return {
    agreement,
    answer: ['permessage-deflate', ...rules.deflateAnswer(parameters, agreement)].join('; '),
  }
}

function breachesOf(offer: Offer): OfferBreach[] {
  const breaches: OfferBreach[] = []
  const seen = new Set<string>()
  for (const { name, value } of offer.parameters) {
    if (seen.has(name)) breaches.push('repeated-parameter')
    seen.add(name)
    if (!known.has(name)) breaches.push('unknown-parameter')
    else if (name.endsWith('_no_context_takeover')) {
      if (value !== null) breaches.push('value-where-none-is')
    } else if (bitsOf(value) === null && !(value === null && name === 'client_max_window_bits')) {
      breaches.push('invalid-value')
    }
  }
  return breaches
}

/** 8 to 15, without leading zeros (RFC 7692 7.1.2.1). */
function bitsOf(value: string | null): number | null {
  return value !== null && /^([89]|1[0-5])$/.test(value) ? Number(value) : null
}
