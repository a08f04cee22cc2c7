import { constants, inflateRawSync } from 'node:zlib'

/** permessage-deflate (RFC 7692), and the header that negotiates it (RFC 6455 9.1). */

interface ExtensionElement {
  readonly name: string
  /** Value null: a parameter without a value. Quoted values are unquoted. */
  readonly params: readonly (readonly [name: string, value: string | null])[]
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Parses the elements of Sec-WebSocket-Extensions; null if one breaks the grammar (RFC 6455 9.1). */
export function parseExtensions(elements: readonly string[]): ExtensionElement[] | null {
  const parsed: ExtensionElement[] = []
  for (const element of elements) {
    const [name = '', ...rest] = element.split(';').map((part) => part.trim())
    if (!token.test(name)) return null
    const params: [string, string | null][] = []
    for (const part of rest) {
      const equals = part.indexOf('=')
      const key = (equals < 0 ? part : part.slice(0, equals)).trim()
      const given = equals < 0 ? null : part.slice(equals + 1).trim()
      const value =
        given?.replace(/^"(.*)"$/, (_whole, inner: string) => inner.replace(/\\(.)/g, '$1')) ?? null
      // RFC 6455 9.1: a quoted value must be a token once it is unquoted.
      if (!token.test(key) || (value !== null && !token.test(value))) return null
      params.push([key, value])
    }
    parsed.push({ name, params })
  }
  return parsed
}

export interface DeflateTerms {
  readonly serverNoContextTakeover: boolean
  readonly clientNoContextTakeover: boolean
  /** 8 to 15. */
  readonly serverMaxWindowBits: number
  readonly clientMaxWindowBits: number
}

/** The terms in the element that a server accepted; a string if it is invalid: what is wrong (RFC 7692 7.1). */
export function readDeflateTerms(element: ExtensionElement): DeflateTerms | string {
  if (element.name !== 'permessage-deflate')
    return `an extension other than permessage-deflate: ${element.name}`
  const seen = new Set<string>()
  const terms = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 15,
  }
  for (const [name, value] of element.params) {
    if (seen.has(name)) return `parameter ${name} twice`
    seen.add(name)
    if (name === 'server_no_context_takeover' || name === 'client_no_context_takeover') {
      if (value !== null) return `parameter ${name} with a value`
      terms[name === 'server_no_context_takeover' ? 'serverNoContextTakeover' : 'clientNoContextTakeover'] =
        true
    } else if (name === 'server_max_window_bits' || name === 'client_max_window_bits') {
      if (value === null || !/^([89]|1[0-5])$/.test(value))
        return `parameter ${name} without a value from 8 to 15`
      terms[name === 'server_max_window_bits' ? 'serverMaxWindowBits' : 'clientMaxWindowBits'] = Number(value)
    } else return `an unknown parameter: ${name}`
  }
  return terms
}

/** Largest inflated message, in bytes. */
export const inflateCeiling = 64 * 1024 * 1024

const tail = Uint8Array.of(0x00, 0x00, 0xff, 0xff)
const window = 32 * 1024

/** Inflates messages in order; with context takeover each may refer to earlier ones (RFC 7692 7.2.2). */
export class Inflater {
  readonly #takeover: boolean
  readonly #ceiling: number
  readonly #windowBits: number
  #context: Uint8Array = new Uint8Array(0)

  /** `windowBits`: 8 to 15, as negotiated; a reference further back makes the message invalid. */
  constructor(takeover: boolean, ceiling: number = inflateCeiling, windowBits = 15) {
    this.#takeover = takeover
    this.#ceiling = ceiling
    this.#windowBits = windowBits
  }

  /** The message, or null if the bytes are not DEFLATE data or inflate to more than the ceiling. */
  inflate(payload: Uint8Array): Uint8Array | null {
    const dictionary = this.#context.subarray(Math.max(0, this.#context.length - 2 ** this.#windowBits))
    try {
      const message = inflateRawSync(Buffer.concat([payload, tail]), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: this.#ceiling,
        windowBits: this.#windowBits,
        ...(dictionary.length > 0 ? { dictionary } : {}),
      })
      if (this.#takeover) this.#context = slide(this.#context, message)
      return Uint8Array.from(message)
    } catch {
      return null
    }
  }
}

/** The last 32 KiB of all messages. zlib takes them as a dictionary, which has the effect of context takeover. */
function slide(context: Uint8Array, message: Uint8Array): Uint8Array {
  if (message.length >= window) return Uint8Array.from(message.subarray(message.length - window))
  const kept = context.subarray(Math.max(0, context.length + message.length - window))
  return Uint8Array.from([...kept, ...message])
}
