import { expect } from 'chai'
import { decodeUtf8, encodeUtf8 } from '#wire/utf8'

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('decodeUtf8', () => {
  const valid: readonly (readonly [name: string, wire: string, text: string])[] = [
    ['no bytes', '', ''],
    ['ASCII with NUL', '00 41 7f', '\u0000A\u007f'],
    ['the first and last character of two bytes', 'c2 80 df bf', '\u0080\u07ff'],
    ['the first and last character of three bytes', 'e0 a0 80 ef bf bf', '\u0800\uffff'],
    ['the characters next to the surrogates', 'ed 9f bf ee 80 80', '\ud7ff\ue000'],
    ['the first and last character of four bytes', 'f0 90 80 80 f4 8f bf bf', '\u{10000}\u{10ffff}'],
    ['a byte order mark, which it keeps', 'ef bb bf e2 82 ac', '\ufeff\u20ac'],
  ]
  for (const [name, wire, text] of valid)
    it(`reads ${name}`, () => expect(decodeUtf8(bytes(wire))).to.equal(text))

  const invalid: readonly (readonly [name: string, wire: string])[] = [
    ['a lone continuation byte', '80'],
    ['an overlong slash of two bytes', 'c0 af'],
    ['an overlong slash of three bytes', 'e0 80 af'],
    ['an overlong slash of four bytes', 'f0 80 80 af'],
    ['a high surrogate', 'ed a0 80'],
    ['a low surrogate', 'ed bf bf'],
    ['a character above U+10FFFF', 'f4 90 80 80'],
    ['a lead byte of five bytes', 'f8 88 80 80 80'],
    ['FE and FF', 'fe ff'],
    ['a character that is cut off', 'e2 82'],
    ['a character interrupted by another', 'e2 82 41'],
  ]
  for (const [name, wire] of invalid)
    it(`gives null for ${name}`, () => expect(decodeUtf8(bytes(wire))).to.equal(null))

  it('reads one text after another that was invalid', () => {
    expect(decodeUtf8(bytes('e2 82'))).to.equal(null)
    expect(decodeUtf8(bytes('ac'))).to.equal(null)
    expect(decodeUtf8(bytes('e2 82 ac'))).to.equal('\u20ac')
  })
})

describe('encodeUtf8', () => {
  it('writes a lone surrogate as U+FFFD', () => {
    expect(encodeUtf8('\u20ac\ud800')).to.deep.equal(bytes('e2 82 ac ef bf bd'))
  })
})
