import { expect } from 'chai'
import fc from 'fast-check'
import { Utf8Validator, decodeUtf8, encodeUtf8, isUtf8 } from '#wire/utf8'

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('isUtf8', () => {
  const valid: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['ASCII with NUL', '00 41 7f'],
    ['the first and last of two bytes', 'c2 80 df bf'],
    ['the first and last of three bytes', 'e0 a0 80 ef bf bf'],
    ['the borders of the surrogates', 'ed 9f bf ee 80 80'],
    ['the first and last of four bytes', 'f0 90 80 80 f4 8f bf bf'],
    ['a byte order mark', 'ef bb bf'],
  ]
  for (const [name, wire] of valid) it(`takes ${name}`, () => expect(isUtf8(bytes(wire))).to.equal(true))

  const invalid: readonly (readonly [string, string])[] = [
    ['a lone continuation byte', '80'],
    ['an overlong slash in two bytes', 'c0 af'],
    ['an overlong slash in three bytes', 'e0 80 af'],
    ['an overlong slash in four bytes', 'f0 80 80 af'],
    ['a high surrogate', 'ed a0 80'],
    ['a low surrogate', 'ed bf bf'],
    ['a character over U+10FFFF', 'f4 90 80 80'],
    ['a lead byte that UTF-8 lost', 'f8 88 80 80 80'],
    ['FE and FF', 'fe ff'],
    ['a character that is cut off', 'e2 82'],
    ['a character interrupted by another', 'e2 82 41'],
  ]
  for (const [name, wire] of invalid) it(`refuses ${name}`, () => expect(isUtf8(bytes(wire))).to.equal(false))

  it('says the same as the platform, however the bytes are cut', () => {
    const strict = (input: Uint8Array): boolean => {
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(input)
        return true
      } catch {
        return false
      }
    }
    const near = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 6 }).map(encodeUtf8),
    )
    const property = fc.property(near, fc.nat(12), (input, cut) => {
      const validator = new Utf8Validator()
      validator.push(input.subarray(0, cut))
      validator.push(input.subarray(cut))
      expect(validator.end()).to.equal(strict(input))
    })
    fc.assert(property, { seed: 7, numRuns: 1000 })
  })
})

describe('Utf8Validator', () => {
  it('tells of a wrong byte at once, in the middle of a character', () => {
    const validator = new Utf8Validator()
    expect(validator.push(bytes('ce ba f4'))).to.equal(true)
    expect(validator.push(bytes('90'))).to.equal(false)
    expect(validator.push(bytes('41'))).to.equal(false)
  })

  it('waits for the rest of a character', () => {
    const validator = new Utf8Validator()
    expect(validator.push(bytes('e2 82'))).to.equal(true)
    expect(validator.end()).to.equal(false)
    validator.push(bytes('ac'))
    expect(validator.end()).to.equal(true)
  })
})

describe('decodeUtf8', () => {
  it('keeps a byte order mark, and gives null for what is no text', () => {
    expect(decodeUtf8(bytes('ef bb bf e2 82 ac'))).to.equal('\uFEFF\u20AC')
    expect(decodeUtf8(bytes('ff'))).to.equal(null)
  })
})
