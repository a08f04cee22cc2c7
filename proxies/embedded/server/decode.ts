/**
 * Reads known fields from JSON as Go's `encoding/json` fills a struct: names match in any letter case, the last of equal
 * names wins, null leaves a field as it was, and unknown fields are ignored.
 */

import { badBody } from './errors.ts'
import { JsonNumber, JsonObject, JsonSyntaxError, readFirstJson } from '#proxies/embedded/go-json/json'
import type { JsonValue } from '#proxies/embedded/go-json/json'

/** Parses the first value of a body. @throws ApiError 400 */
export function parseBody(text: string): JsonValue {
  try {
    return readFirstJson(text)
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw badBody(error.message)
    throw error
  }
}

/** Fields of one JSON object. @param owner the name of the struct in the real server's error texts. */
export class Fields {
  readonly #values = new Map<string, JsonValue>()
  readonly #owner: string
  readonly #path: string

  constructor(value: JsonValue, owner: string, goType: string, path = '') {
    this.#owner = owner
    this.#path = path
    if (value === null) return
    if (!(value instanceof JsonObject)) {
      const target =
        path === '' ? `Go value of type ${goType}` : `Go struct field .${path.slice(0, -1)} of type ${goType}`
      throw badBody(`json: cannot unmarshal ${kindOf(value)} into ${target}`)
    }
    for (const [name, member] of value.members) {
      // Two spellings of one field are one field; null does not undo an earlier value.
      if (member !== null) this.#values.set(name.toLowerCase(), member)
    }
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  raw(name: string): JsonValue {
    return this.#values.get(name) ?? null
  }

  string(name: string, fallback: string): string {
    const value = this.#values.get(name)
    if (value === undefined) return fallback
    if (typeof value !== 'string') throw this.#mismatch(name, value, 'string')
    return value
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.#values.get(name)
    if (value === undefined) return fallback
    if (typeof value !== 'boolean') throw this.#mismatch(name, value, 'bool')
    return value
  }

  /** A float32, as the real server keeps it. */
  float32(name: string, fallback: number): number {
    const value = this.#values.get(name)
    if (value === undefined) return fallback
    if (!(value instanceof JsonNumber)) throw this.#mismatch(name, value, 'float32')
    const number = Math.fround(Number(value.text))
    if (!Number.isFinite(number)) throw this.#mismatch(name, value, 'float32')
    return number
  }

  /** A whole number. Go rejects 1.5, 1e2 and 1.0; numbers that a double does not hold exactly are rejected too. */
  integer(name: string, fallback: number): number {
    const value = this.#values.get(name)
    if (value === undefined) return fallback
    if (!(value instanceof JsonNumber)) throw this.#mismatch(name, value, 'int64')
    const number = Number(value.text)
    if (!/^-?[0-9]+$/.test(value.text) || !Number.isSafeInteger(number))
      throw this.#mismatch(name, value, 'int64')
    return number === 0 ? 0 : number
  }

  #mismatch(name: string, value: JsonValue, goType: string): Error {
    const figure =
      value instanceof JsonNumber && goType !== 'string' && goType !== 'bool' ? ` ${value.text}` : ''
    const field = `${this.#owner}.${this.#path}${name}`
    return badBody(
      `json: cannot unmarshal ${kindOf(value)}${figure} into Go struct field ${field} of type ${goType}`,
    )
  }
}

export function kindOf(value: JsonValue): string {
  if (value instanceof JsonNumber) return 'number'
  if (value instanceof JsonObject) return 'object'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/** The shortest decimal that reads back as the same float32: 0.1 stays 0.1. */
export function shortestFloat32(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(value.toPrecision(digits))
    if (Math.fround(candidate) === value) return candidate
  }
  return value
}
