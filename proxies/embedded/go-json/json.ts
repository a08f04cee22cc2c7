/**
 * Reads the first JSON value of a text and ignores the rest, as Go's `json.Decoder` does: Toxiproxy's clients rely on it.
 * Numbers keep their spelling, so that `1.5` and `1e2` are distinguished from integers and a 64-bit integer is not rounded.
 */

/** A number as it was written. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject

/** Members in the order of the text; a name may occur twice. */
export class JsonObject {
  readonly members: readonly (readonly [string, JsonValue])[]

  constructor(members: readonly (readonly [string, JsonValue])[]) {
    this.members = members
  }
}

/** The text is not JSON. The message is in Go's words. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError'
}

/** Deeper nesting is refused before it can exhaust the stack. */
const depthLimit = 500

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}
const numberForm = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const plainForm = /[ !#-[\]-\uffff]+/y

/** @throws JsonSyntaxError `EOF` for an empty text, `unexpected EOF` for one that ends too early. */
export function readFirstJson(text: string): JsonValue {
  const reader = new Reader(text)
  reader.skipSpace()
  if (reader.atEnd()) throw new JsonSyntaxError('EOF')
  return reader.value(0)
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length
  }

  skipSpace(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at++
  }

  value(depth: number): JsonValue {
    if (depth > depthLimit) throw new JsonSyntaxError('exceeded max depth')
    this.skipSpace()
    const first = this.#peek()
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#array(depth)
    if (first === '"') return this.#string()
    if (first === 't') return this.#literal('true', true)
    if (first === 'f') return this.#literal('false', false)
    if (first === 'n') return this.#literal('null', null)
    if (first === '-' || (first >= '0' && first <= '9')) return this.#number()
    throw this.#unexpected('looking for beginning of value')
  }

  #peek(): string {
    const next = this.#text[this.#at]
    if (next === undefined) throw new JsonSyntaxError('unexpected EOF')
    return next
  }

  #unexpected(where: string): JsonSyntaxError {
    return new JsonSyntaxError(`invalid character ${quoted(this.#peek())} ${where}`)
  }

  #literal<T>(word: string, meaning: T): T {
    for (const letter of word) {
      if (this.#peek() !== letter) throw this.#unexpected(`in literal ${word} (expecting '${letter}')`)
      this.#at++
    }
    return meaning
  }

  #number(): JsonNumber {
    numberForm.lastIndex = this.#at
    const match = numberForm.exec(this.#text)
    if (match === null) {
      this.#at++
      throw this.#unexpected('in numeric literal')
    }
    this.#at += match[0].length
    const next = this.#text[this.#at] ?? ''
    if (/[.eE]/.test(next) && !/[eE]/.test(match[0]) && !(next === '.' && match[0].includes('.'))) {
      this.#at++
      if ('+-'.includes(this.#text[this.#at] ?? 'x') && next !== '.') this.#at++
      throw this.#unexpected(
        next === '.' ? 'after decimal point in numeric literal' : 'in exponent of numeric literal',
      )
    }
    return new JsonNumber(match[0])
  }

  #string(): string {
    this.#at++
    let read = ''
    for (;;) {
      plainForm.lastIndex = this.#at
      const plain = plainForm.exec(this.#text)?.[0] ?? ''
      read += plain
      this.#at += plain.length
      const next = this.#peek()
      if (next === '"') {
        this.#at++
        return wellFormed(read)
      }
      if (next !== '\\') throw this.#unexpected('in string literal')
      this.#at++
      read += this.#escape()
    }
  }

  #escape(): string {
    const kind = this.#peek()
    const simple = escapes[kind]
    if (simple !== undefined) {
      this.#at++
      return simple
    }
    if (kind !== 'u') throw this.#unexpected('in string escape code')
    this.#at++
    let code = ''
    while (code.length < 4) {
      const digit = this.#peek()
      if (!/[0-9a-fA-F]/.test(digit)) throw this.#unexpected('in \\u hexadecimal character escape')
      code += digit
      this.#at++
    }
    return String.fromCharCode(Number.parseInt(code, 16))
  }

  #array(depth: number): readonly JsonValue[] {
    this.#at++
    const items: JsonValue[] = []
    this.skipSpace()
    if (this.#peek() === ']') {
      this.#at++
      return items
    }
    for (;;) {
      items.push(this.value(depth + 1))
      this.skipSpace()
      const next = this.#peek()
      if (next !== ',' && next !== ']') throw this.#unexpected('after array element')
      this.#at++
      if (next === ']') return items
    }
  }

  #object(depth: number): JsonObject {
    this.#at++
    const members: (readonly [string, JsonValue])[] = []
    this.skipSpace()
    if (this.#peek() === '}') {
      this.#at++
      return new JsonObject(members)
    }
    for (;;) {
      this.skipSpace()
      if (this.#peek() !== '"') throw this.#unexpected('looking for beginning of object key string')
      const name = this.#string()
      this.skipSpace()
      if (this.#peek() !== ':') throw this.#unexpected('after object key')
      this.#at++
      members.push([name, this.value(depth + 1)])
      this.skipSpace()
      const next = this.#peek()
      if (next !== ',' && next !== '}') throw this.#unexpected('after object key:value pair')
      this.#at++
      if (next === '}') return new JsonObject(members)
    }
  }
}

function quoted(character: string): string {
  if (character === "'") return `'\\''`
  if (character === '\\') return `'\\\\'`
  const code = character.charCodeAt(0)
  const short: Readonly<Record<number, string>> = {
    7: '\\a',
    8: '\\b',
    9: '\\t',
    10: '\\n',
    11: '\\v',
    12: '\\f',
    13: '\\r',
  }
  if (code < 0x20 || code === 0x7f) return `'${short[code] ?? `\\x${code.toString(16).padStart(2, '0')}`}'`
  return `'${character}'`
}

/** Half a surrogate pair becomes U+FFFD, as in Go. */
function wellFormed(text: string): string {
  return /[\ud800-\udfff]/.test(text) ? Buffer.from(text).toString() : text
}
